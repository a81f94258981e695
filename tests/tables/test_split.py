"""Splits: shares, borders, groups, classes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.plan import SplitSection
from sevenfold.tables.split import LATER, TEST, TRAIN, split_by_group, split_by_time, split_stratified

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


def in_groups(random: np.random.Generator, rows: int, copies: int) -> np.ndarray:
    """Return the first row of each row's record, the last `copies` rows being copies of others."""
    first = np.arange(rows)
    first[rows - copies :] = random.integers(0, rows - copies, copies)
    return first


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 400), st.integers(2, 4), st.floats(0, 0.5))
def test_copies_lie_on_one_side_and_the_shares_stay(seed, rows, classes, share):
    random = np.random.default_rng(seed)
    first = in_groups(random, rows, int(share * rows))
    target = random.integers(0, classes, rows)[first]
    sides = split_stratified(target, section(seed=seed % 7), classes=classes, first=first)
    assert (sides == sides[first]).all()
    largest = np.bincount(first).max()
    for stratum in range(classes):
        in_class = target == stratum
        if in_class.sum() >= 12:
            assert np.mean(sides[in_class] == TEST) == pytest.approx(0.2, abs=(largest + 2) / in_class.sum())


def test_without_copies_the_split_is_the_same_with_and_without_them_looked_for():
    target = np.random.default_rng(5).integers(0, 3, 500)
    plain = split_stratified(target, section(), classes=3)
    assert (plain == split_stratified(target, section(), classes=3, first=np.arange(500))).all()
    # drawn before duplicates were looked for: datasets made then must come out the same
    assert np.bincount(plain).tolist() == [300, 100, 100]
    assert np.flatnonzero(plain == TEST)[:8].tolist() == [0, 3, 4, 9, 15, 27, 41, 44]


def test_a_record_that_would_fill_a_side_trains():
    first = np.append(np.zeros(80, dtype=np.int64), np.arange(80, 200))
    sides = split_stratified(np.zeros(200, dtype=np.int64), section(), classes=1, first=first)
    assert (sides[:80] == TRAIN).all()
    assert np.bincount(sides).tolist() == [120, 40, 40]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 200))
def test_groups_that_share_a_record_are_not_divided(seed, rows):
    random = np.random.default_rng(seed)
    groups, first = random.integers(0, 40, rows), in_groups(random, rows, 6)
    sides = split_by_group(groups, section(by="group", column="g"), first)
    for group in set(groups.tolist()):
        assert len(set(sides[groups == group])) == 1
    assert (sides == sides[first]).all()


def test_groups_stay_apart_where_their_copies_would_leave_two():
    groups = np.repeat(np.arange(4), 10)
    first = np.arange(40)
    for earlier, later in pairwise(range(0, 40, 10)):
        first[later] = first[earlier]
    sides = split_by_group(groups, section(by="group", column="g"), first)
    assert set(sides) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(40))
def test_the_borders_of_a_split_by_time_are_the_closest_of_all_moments(seed, monkeypatch):
    monkeypatch.setattr("sevenfold.tables.ordered.IN_MEMORY", 100)  # half of them are more
    random = np.random.default_rng(seed)
    times = random.integers(0, random.choice([3, 5, 40, 10_000]), random.integers(3, 200))
    moments, before = np.unique(np.sort(times), return_index=True)
    section = SplitSection(by="time", column="t", validation=0.2, test=float(random.choice([0.05, 0.2, 0.6])))
    column = Column(kind="integer", role="time")
    if len(moments) < 3:
        with pytest.raises(DataError, match="three moments"):
            split_by_time(times, section, column)
        return
    shares = before / len(times)
    wanted = 1 - section.validation - section.test, 1 - section.test
    first = min(range(1, len(moments) - 1), key=lambda at: abs(shares[at] - wanted[0]))
    second = min(range(first + 1, len(moments)), key=lambda at: abs(shares[at] - wanted[1]))
    sides = split_by_time(times, section, column)
    assert (sides == (times >= moments[first]) + 0 + (times >= moments[second])).all()
