"""Splits: shares, borders, groups, classes."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.plan import SplitSection
from sevenfold.preparation.split import LATER, TEST, TRAIN, split_by_group, split_by_time, split_stratified

TIME = Column(kind=Kind.DATETIME)


def section(**given):
    return SplitSection.model_validate(given)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=30, max_size=200).filter(lambda values: len(set(values)) > 2))
def test_time_is_never_divided_and_goes_forward(values):
    times = np.array(values, dtype=np.int64)
    sides = split_by_time(times, section(by="time", column="t"), TIME)
    for earlier, later in ((0, 1), (1, 2)):
        assert times[sides == earlier].max() < times[sides == later].min()
    assert set(sides) == {0, 1, 2}


def test_time_shares_are_as_near_as_moments_allow():
    sides = split_by_time(np.arange(1_000), section(by="time", column="t", validation=0.2, test=0.1), TIME)
    assert np.bincount(sides).tolist() == [700, 200, 100]


def test_time_by_dates_keeps_later_rows():
    day = 86_400_000_000
    times = np.arange(365) * day  # 1970
    dates = {"validation_from": "1970-07-01", "test_from": "1970-08-01", "test_until": "1970-09-01"}
    sides = split_by_time(times, section(by="time", column="t", **dates), TIME)
    assert np.bincount(sides).tolist() == [181, 31, 31, 122]
    assert (sides[243:] == LATER).all()


def test_too_few_moments():
    with pytest.raises(DataError) as caught:
        split_by_time(np.array([1, 1, 2, 2]), section(by="time", column="t"), TIME)
    assert caught.value.code == "empty_split"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=12, max_size=300).filter(lambda values: len(set(values)) > 2))
def test_groups_are_never_divided(values):
    groups = np.array(values, dtype=np.int64)
    sides = split_by_group(groups, section(by="group", column="g"))
    assert set(sides) == {0, 1, 2}
    for group in set(values):
        assert len(set(sides[groups == group])) == 1


def test_groups_come_near_the_shares():
    groups = np.random.default_rng(0).integers(0, 500, 20_000)
    sides = split_by_group(groups, section(by="group", column="g"))
    assert np.bincount(sides) / 20_000 == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(6, 60), min_size=2, max_size=5), st.integers(0, 3))
def test_every_class_is_on_every_side(counts, seed):
    target = np.repeat(np.arange(len(counts)), counts)
    sides = split_stratified(target, section(seed=seed), classes=len(counts))
    for index, count in enumerate(counts):
        counts = np.bincount(sides[target == index], minlength=3)
        assert counts.min() >= 2
        assert counts[TEST] == max(round(count * 0.2), 2)
        assert counts.sum() == count


def test_the_seed_decides():
    target = np.arange(1_000) % 2
    draws = [split_stratified(target, section(seed=seed), classes=2) for seed in (1, 1, 2)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_values_of_a_regression_are_spread_evenly():
    target = np.random.default_rng(0).exponential(size=2_000)
    sides = split_stratified(target, section(), classes=0)
    assert np.mean(sides == TRAIN) == pytest.approx(0.6, abs=0.01)
    means = [target[sides == side].mean() for side in range(3)]
    assert means == pytest.approx([target.mean()] * 3, rel=0.1)


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
