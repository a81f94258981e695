from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.plan.testing import TestingSection
from sevenfold.testing.evidence import measured
from sevenfold.testing.scored_rows import ScoredRows
from sevenfold.testing.slices import MAX_VALUES, MIN_NAMED, slice_scores, slices_of

CATEGORY = Column(kind=Kind.CATEGORY)


def named(values: list[object], column: Column, type_: pa.DataType | None = None) -> dict[str, int]:
    rows = pa.table({"c": pa.array(values, type_)})
    return {part.value: int(part.rows.sum()) for part in slices_of(rows, "c", column)}


def test_frequent_values_by_name_rare_ones_together_missing_ones_apart() -> None:
    values = ["a"] * 12 + ["b"] * 30 + ["rare"] * (MIN_NAMED - 1) + ["rarer"] + [None] * 4
    assert named(values, CATEGORY) == {"b": 30, "a": 12, "other": MIN_NAMED, "missing": 4}


def test_at_most_so_many_values() -> None:
    slices = named([f"v{i:02}" for i in range(50) for _ in range(MIN_NAMED + (i == 49))], CATEGORY)
    assert len(slices) == MAX_VALUES + 1
    assert next(iter(slices)) == "v49"
    assert slices["other"] == (50 - MAX_VALUES) * MIN_NAMED


def test_values_of_a_sensitive_column_are_numbered() -> None:
    column = Column(kind=Kind.CATEGORY, sensitive=True)
    assert named(["alice"] * 20 + ["bob"] * 30 + [None], column) == {"value 1": 30, "value 2": 20, "missing": 1}
    numbers = Column(kind=Kind.NUMBER, sensitive=True)
    assert list(named(list(np.arange(100.0)), numbers)) == [f"part {i} of 4" for i in (1, 2, 3, 4)]


def test_numbers_and_dates_are_cut_into_four_parts() -> None:
    slices = named([*map(float, range(100)), None], Column(kind=Kind.NUMBER))
    assert slices == {
        "up to 24.75": 25,
        "above 24.75, up to 49.5": 25,
        "above 49.5, up to 74.25": 25,
        "above 74.25": 25,
        "missing": 1,
    }
    days = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=i) for i in range(40)]
    slices = named([*days, None], Column(kind=Kind.DATETIME), pa.timestamp("us", tz="UTC"))
    assert sum(slices.values()) == 41
    assert next(iter(slices)) == "up to 2024-01-10 18:00"
    assert slices["missing"] == 1


def test_parts_of_times_of_day_name_no_day() -> None:
    times = [dt.datetime(1900, 1, 1, hour, 30, tzinfo=dt.UTC) for hour in range(24)]
    slices = named([*times], Column(kind=Kind.DATETIME, date_format="%H:%M"), pa.timestamp("us", tz="UTC"))
    assert len(slices) == 4
    assert all("1900" not in name and ":" in name for name in slices)


def test_booleans_and_few_numbers_by_value() -> None:
    assert named([True] * 11 + [False] * 12 + [None], Column(kind=Kind.BOOLEAN)) == {
        "false": 12,
        "true": 11,
        "missing": 1,
    }
    assert named([1] * 11 + [2] * 12, Column(kind=Kind.INTEGER)) == {"2": 12, "1": 11}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh"), st.text(max_size=2)), min_size=1, max_size=120))
def test_every_row_is_in_exactly_one_slice(values: list[str | None]) -> None:
    parts = slices_of(pa.table({"c": pa.array(values, pa.string())}), "c", CATEGORY)
    np.testing.assert_array_equal(sum(part.rows.astype(int) for part in parts), np.ones(len(values)))
    for part in parts:
        if part.value not in ("other", "missing"):
            assert {values[i] for i in np.flatnonzero(part.rows)} == {part.value}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=120))
def test_every_number_is_in_exactly_one_slice(values: list[float | None]) -> None:
    parts = slices_of(pa.table({"c": pa.array(values, pa.float64())}), "c", Column(kind=Kind.NUMBER))
    np.testing.assert_array_equal(sum(part.rows.astype(int) for part in parts), np.ones(len(values)))


def test_scores_are_those_of_the_rows_alone() -> None:
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 400), rng.random(400)
    kinds = np.array(["a"] * 300 + ["b"] * 95 + ["c"] * 5)
    truth[-5:] = 1
    parts = slices_of(pa.table({"c": kinds}), "c", CATEGORY)
    rows = ScoredRows(truth, np.stack([1 - p, p], axis=1))
    whole = measured("roc_auc", rows, threshold=0.5)
    judged = slice_scores(rows, parts, "roc_auc", whole, TestingSection())
    results = [part.result for part in judged]
    assert judged[0].gap.value == pytest.approx(whole.value - roc_auc_score(truth[:300], p[:300]))
    assert [part.rows for part in results] == [300, 95, 5]
    for part, value in zip(results[:2], "ab", strict=True):
        assert part.score == pytest.approx(roc_auc_score(truth[kinds == value], p[kinds == value]))
        assert part.interval is not None and part.interval[0] < part.score < part.interval[1]
    # One class only: shown without a score.
    assert (results[2].value, results[2].score, results[2].interval) == ("other", None, None)


def test_a_column_that_is_not_kept_is_named() -> None:
    with pytest.raises(DataError, match="'gone' is not kept") as caught:
        slices_of(pa.table({"c": ["a"]}), "gone", CATEGORY)
    assert caught.value.code == "no_such_column"
