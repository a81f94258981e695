"""Clusters are those of OpenRefine's own engine: members, counts, order and proposed value."""

from __future__ import annotations

import unicodedata
import zoneinfo
from typing import Any

import pytest
from cluster_columns import generated_column
from openrefine import OpenRefine

from sevenfold.refine.clustering.clusters import counted
from sevenfold.refine.clustering.methods import Method, clusters_of
from sevenfold.refine.columns import Column

SETTINGS = [
    Method(name="fingerprint"),
    Method(name="ngram-fingerprint"),
    Method(name="ngram-fingerprint", ngram_size=1),
    Method(name="ngram-fingerprint", ngram_size=3),
    Method(name="cologne-phonetic"),
    Method(name="daitch-mokotoff"),
    Method(name="levenshtein"),
    Method(name="levenshtein", radius=0, block_size=4),
    Method(name="levenshtein", radius=1.5, block_size=2),
    Method(name="levenshtein", radius=3, block_size=1),
    Method(name="ppm"),
    Method(name="ppm", radius=0.5, block_size=4),
]
COLUMNS = 8


def asked(method: Method) -> dict[str, Any]:
    if method.neighbours:
        params: dict[str, Any] = {"radius": method.radius, "blocking-ngram-size": method.block_size}
        return {"type": "knn", "function": method.name, "params": params}
    params = {"ngram-size": method.ngram_size} if method.name == "ngram-fingerprint" else {}
    return {"type": "binning", "function": method.name, "params": params}


def clusters_here(cells: list[Any], method: Method) -> list[list[tuple[str, int]]]:
    found = clusters_of(counted(Column.of("a", cells)), method)
    return [list(zip(cluster.texts, cluster.counts, strict=True)) for cluster in found]


@pytest.mark.soak
@pytest.mark.parametrize("method", SETTINGS, ids=str)
def test_generated_columns_have_openrefines_clusters(
    openrefine: OpenRefine, method: Method, request: pytest.FixtureRequest
) -> None:
    first = COLUMNS * request.node.callspec.params.get("try_number", 0)
    found = 0
    for seed in range(first, first + (3 if method.name == "ppm" else COLUMNS)):
        cells = generated_column(seed)
        there = openrefine.cluster(cells, asked(method))
        assert clusters_here(cells, method) == there, seed
        found += len(there)
    assert found or (first and method.name == "ppm")  # of so few columns, some have no near texts


@pytest.mark.parametrize("method", [Method(name="fingerprint"), Method(name="levenshtein", block_size=1)], ids=str)
def test_cells_of_other_types_count_by_their_text(openrefine: OpenRefine, method: Method) -> None:
    cells = [5, "5", 5.5, "5.5 ", True, "true", None, "", " "]
    there = openrefine.cluster(cells, asked(method))
    assert there
    assert clusters_here(cells, method) == there


def test_many_values_come_in_openrefines_order(openrefine: OpenRefine) -> None:
    cells = generated_column(1, 3_000)
    for method in SETTINGS[0], SETTINGS[4]:
        assert clusters_here(cells, method) == openrefine.cluster(cells, asked(method))


# Columns that people made: names of letters, of which many differ by a word, and of time zones.
REAL = {
    "letters": [unicodedata.name(chr(code)) for code in range(0xC0, 0xE8)],
    "zones": [zone.replace("_", " ") for zone in sorted(zoneinfo.available_timezones())],
}


@pytest.mark.parametrize("column", REAL)
def test_real_columns_have_openrefines_clusters(openrefine: OpenRefine, column: str) -> None:
    cells = REAL[column]
    for method in (*SETTINGS[:6], Method(name="levenshtein", radius=2), Method(name="levenshtein", block_size=3)):
        there = openrefine.cluster(cells, asked(method))
        assert there or column == "letters", method
        assert clusters_here(cells, method) == there, method
