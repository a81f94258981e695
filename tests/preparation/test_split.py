"""The split of a table: later rows, missing times, groups, and rows that stand twice."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.preparation.report import preparation_report


def test_later_rows_are_in_time_order(tables):
    body = [[a, f"{2013 + n * 7 % 11}-01-01", c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    split = {
        "by": "time",
        "column": "x",
        "validation_from": "2016-01-01",
        "test_from": "2018-01-01",
        "test_until": "2020-01-01",
    }
    outcome = tables.outcome(tables.text(body), {"x": {"kind": "datetime", "role": "time"}}, {"split": split})
    later = pq.read_table(outcome.folder / "later.parquet")
    moments = later["x"].to_pylist()
    assert moments == sorted(moments)
    assert {moment.year for moment in moments} == {2020, 2021, 2022, 2023}
    assert max(pq.read_table(outcome.folder / "train.parquet")["x"].to_pylist()).year == 2015
    wanted = {row[0] for row in body if row[1] >= "2020"}
    assert set(later["id"].to_pylist()) == wanted
    assert any("not in the order" in text for text in outcome.prepared.warnings)
    assert outcome.prepared.timeline


def test_training_rows_that_all_lack_a_category_are_a_batch_of_their_own(tables):
    """The last line has no end, so it is a batch alone, and it is the earliest row."""
    body = [[a, f"2013-01-{2 + n % 27:02}", c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    body[-1][1:3] = "2012-01-01", ""
    split = {"by": "time", "column": "x", "validation_from": "2013-01-20", "test_from": "2013-01-24"}
    columns = {"x": {"kind": "datetime", "role": "time"}, "c": {"kind": "category", "nullable": True}}
    outcome = tables.outcome(tables.text(body).rstrip("\n"), columns, {"split": split})
    (feature,) = Dataset.open(outcome.folder).transform().features
    assert set(feature.levels) == {"a", "b", "c"}
    assert outcome.column("c").count(None) == 1


def test_a_missing_time_is_refused(tables):
    body = [[a, f"2013-01-{1 + n % 28:02}", c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    body[4][1] = ""
    columns = {"x": {"kind": "datetime", "role": "time"}}
    outcome = tables.outcome(tables.text(body), columns, {"split": {"by": "time", "column": "x"}})
    assert outcome.refused == [(6, "x", "missing_value")]


def test_group_split_of_a_table(tables):
    body = [[f"g{int(a) * 31 % 40}", x, c, y] for a, x, c, y in tables.rows()]
    columns = {"id": {"kind": "category", "role": "group"}}
    outcome = tables.outcome(tables.text(body), columns, {"split": {"by": "group", "column": "id", "test": 0.3}})
    sides = [
        set(pq.read_table(outcome.folder / f"{n}.parquet")["id"].to_pylist()) for n in ("train", "validation", "test")
    ]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def measurements(rows: int = 300, seed: int = 3) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [
        [str(i), f"{random.normal():.4f}", "abc"[random.integers(3)], ["yes", "no"][int(random.random() < 0.6)]]
        for i in range(rows)
    ]


def on_both_sides(folder) -> int:
    """Count the held-out rows that are training rows, too, without their identifiers."""
    sides = {
        name: [tuple(row.values()) for row in pq.read_table(folder / f"{name}.parquet").drop(["id"]).to_pylist()]
        for name in ("train", "validation", "test")
    }
    return sum(row in set(sides["train"]) for name in ("validation", "test") for row in sides[name])


def test_rows_that_were_appended_again_stay_on_one_side_and_are_counted(tables):
    body = measurements()
    copies = [[f"again {i}", *row[1:]] for i, row in enumerate(body[:100])]
    apart = tables.outcome(tables.text([*body, *copies]), preparation={"split": {"duplicates": "ignore"}})
    assert on_both_sides(apart.folder) > 40
    assert apart.prepared.duplicates is None
    outcome = tables.outcome(tables.text([*body, *copies]))
    assert on_both_sides(outcome.folder) == 0
    assert (outcome.prepared.duplicates.exact, outcome.prepared.duplicates.near) == (100, 0)
    assert outcome.prepared.duplicates.held_out == 0
    held_out = 400 - outcome.prepared.splits["train"]
    assert held_out == pytest.approx(160, abs=8)
    text = preparation_report(outcome.prepared).model_dump_json()
    assert "100 rows repeat another one in all features and the target, and 0 nearly so; all copies" in text


def test_copies_in_other_groups_keep_the_groups_on_one_side(tables):
    body = [[f"g{i % 60}", *row[1:]] for i, row in enumerate(measurements())]
    copies = [[f"h{i}", *row[1:]] for i, row in enumerate(body[:20])]
    columns = {"id": {"kind": "category", "role": "group"}}
    split = {"by": "group", "column": "id"}
    outcome = tables.outcome(tables.text([*body, *copies]), columns, {"split": split})
    assert on_both_sides(outcome.folder) == 0
    assert (outcome.prepared.duplicates.exact, outcome.prepared.duplicates.held_out) == (20, 0)
    sides = [set(pq.read_table(outcome.folder / f"{n}.parquet")["id"].to_pylist()) for n in ("train", "test")]
    assert not sides[0] & sides[1]


def test_time_decides_over_copies_which_are_counted_and_said(tables):
    body = [["", row[1], row[2], row[3]] for row in measurements()]
    body += [list(row) for row in body[:60]]
    body = [[f"{2013 + at // 120}-01-{1 + at % 28:02}", *row[1:]] for at, row in enumerate(body)]
    columns = {"id": {"kind": "datetime", "role": "time"}}
    outcome = tables.outcome(tables.text(body), columns, {"split": {"by": "time", "column": "id"}})
    counts = outcome.prepared.duplicates
    assert (counts.exact, counts.near) == (60, 0)
    assert counts.held_out == on_both_sides(outcome.folder) > 20
    assert f"time decides, and {counts.held_out:,} rows" in preparation_report(outcome.prepared).model_dump_json()
