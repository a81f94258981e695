"""Clusters of small columns, the settings that are refused, and the history of what was accepted."""

from __future__ import annotations

import json

import pytest
from openrefine import OpenRefine
from refined import comparable, refined_here

from sevenfold.contracts.errors import DataError
from sevenfold.refine.clustering.accepted import Accepted, history_of, overlapping
from sevenfold.refine.clustering.clusters import Cluster
from sevenfold.refine.clustering.java_order import java_hash, map_order
from sevenfold.refine.clustering.methods import Method, clusters_of

COUNTS = {"Zürich": 3, " zurich": 1, "Bern": 2, "bern.": 2, "Chur": 5}


def test_the_most_frequent_text_is_proposed_and_ties_go_by_letters() -> None:
    first, second = sorted(clusters_of(COUNTS, Method()), key=lambda each: each.value)
    assert (first.texts, first.counts, first.value) == (("Bern", "bern."), (2, 2), "Bern")
    assert (second.texts, second.value, second.cells) == (("Zürich", " zurich"), "Zürich", 4)


def test_neighbours_are_within_the_radius_and_share_a_block() -> None:
    counts = {"Lausanne": 5, "Lausane": 1, "Bern": 1, "Bernn": 1}
    assert [each.texts for each in clusters_of(counts, Method(name="levenshtein", block_size=5))] == [
        ("Lausanne", "Lausane")
    ]


def test_progress_is_said() -> None:
    said: list[tuple[int, int]] = []
    method = Method(name="levenshtein", block_size=3)
    clusters_of({"abcd": 1, "abce": 1}, method, lambda done, total: said.append((done, total)))
    assert said == [(1, 1)]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"name": "metaphone3"}, "openrefine_folder", "metaphone3 needs the folder of OpenRefine"),
        ({"name": "beider-morse"}, "openrefine_folder", "cologne-phonetic or daitch-mokotoff"),
        ({"name": "levenstein"}, "cluster_method", "Perhaps levenshtein is meant"),
        ({"radius": -1.0}, "cluster_setting", "radius"),
        ({"radius": float("nan")}, "cluster_setting", "radius"),
        ({"block_size": 0}, "cluster_setting", "block_size"),
        ({"ngram_size": 0}, "cluster_setting", "ngram_size"),
    ],
)
def test_a_setting_is_refused_by_name(settings: dict[str, object], code: str, words: str) -> None:
    with pytest.raises(DataError) as refusal:
        Method(**settings)  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert words in str(refusal.value)


def test_hashes_and_slots_are_javas() -> None:
    assert java_hash("Aa") == java_hash("BB") == 2112
    assert java_hash("polygenelubricants") == 1 << 31
    assert map_order([17, 1, 0]) == [2, 0, 1]
    # The map grows with the thirteenth key, so 17 is no longer in the slot of 1.
    assert map_order([17, 1, *range(2, 13)])[-1] == 0


def test_accepted_clusters_become_one_step_that_openrefine_replays(openrefine: OpenRefine) -> None:
    clusters = clusters_of(COUNTS, Method())
    history = history_of("city", [Accepted(each, each.value) for each in clusters])
    csv = "city,n\n" + "".join(f"{text},1\n" for text, count in COUNTS.items() for _ in range(count))
    here = refined_here(csv, json.loads(json.dumps(history)))
    assert here == comparable(openrefine.apply(csv, history))
    assert {row[0][1] for row in here["rows"]} == {"'Zürich'", "'Bern'", "'Chur'"}


def test_nothing_accepted_is_an_empty_history() -> None:
    assert history_of("city", []) == []


def test_a_text_of_two_clusters_is_named() -> None:
    accepted = [Accepted(Cluster(("a", "b"), (2, 1)), "a")]
    assert overlapping(accepted, Cluster(("c", "b"), (2, 1))) == "b"
    assert overlapping(accepted, Cluster(("c", "d"), (2, 1))) is None
