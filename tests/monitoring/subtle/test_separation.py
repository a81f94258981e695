"""Separation: seen where only the joint distribution moved, quiet where nothing did."""

import numpy as np
import pytest

from sevenfold.monitoring.subtle.columns import Columns
from sevenfold.monitoring.subtle.separation import separation

NAMES = ("a", "b", "c", "d")


def drawn(rows, seed, *, together=0.0, mean=0.0, missing=0.0, moved=0.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(NAMES)))
    values[:, 1] = together * values[:, 0] + np.sqrt(1 - together**2) * values[:, 1]
    values[:, 2] += mean
    values[:, 3] = rng.choice(4, rows, p=[0.4 + moved, 0.3 - moved, 0.2, 0.1])
    values[rng.random(values.shape) < 0.05] = np.nan
    values[rng.random(rows) < missing, 3] = np.nan
    return Columns(values, NAMES)


def compared(rows, seed, **shift):
    return separation(drawn(3_000, 0), drawn(rows, seed, **shift), significance=0.0005, size=0.55)


def test_features_that_no_longer_go_together_are_seen_and_named():
    found = compared(2_000, 1, together=0.7)
    assert found.drifted
    assert found.low > 0.55
    assert {name for name, _ in found.features} == {"a", "b"}


def test_one_feature_that_moved_is_named_alone():
    found = compared(2_000, 2, mean=0.6)
    assert found.drifted
    assert [name for name, _ in found.features] == ["c"]


def test_a_few_rows_that_stand_out_are_seen_where_no_area_can_be_large():
    before = Columns(np.nan_to_num(drawn(5_000, 6).values), NAMES)
    now = Columns(np.nan_to_num(drawn(2_000, 7).values), NAMES)
    now.values[np.random.default_rng(8).random(2_000) < 0.05, 3] = np.nan
    found = separation(before, now, significance=0.0005, size=0.55)
    assert found.auc < 0.55
    assert found.index > 0.1
    assert found.drifted
    assert [name for name, _ in found.features] == ["d"]


@pytest.mark.parametrize("shift", [{"missing": 0.1}, {"moved": 0.12}])
def test_a_share_of_one_feature_that_moved_is_seen(shift):
    found = compared(2_000, 9, **shift)
    assert found.drifted
    assert [name for name, _ in found.features] == ["d"]


def test_the_index_is_the_divergence_of_what_moved():
    """Jeffreys' divergence of two normal distributions a deviation apart is 1; trees reach most of it."""
    rng = np.random.default_rng(0)
    before, now = (Columns(rng.normal(mean, size=(20_000, 1)), ("a",)) for mean in (0, 1))
    found = separation(before, now, significance=0.0005, size=0.55)
    assert 0.8 < found.index < 1.02


def test_a_trifle_is_no_drift_however_sure():
    found = separation(drawn(9_000, 3), drawn(9_000, 4, mean=0.12), significance=0.05, size=0.55)
    assert found.low > 0.5
    assert not found.drifted
    assert found.features == ()


@pytest.mark.parametrize("rows", [200, 1_000])
def test_rows_like_the_training_rows_are_not_told_apart(rows):
    found = [compared(rows, seed) for seed in range(10, 22)]
    assert not any(one.drifted for one in found)
    scaled = [(one.auc - 0.5) / ((one.high - one.low) / 2 / 1.96) for one in found]
    assert np.abs(scaled).max() < 3.3
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 10


def test_the_same_rows_give_the_same_figures():
    assert compared(500, 5, together=0.5) == compared(500, 5, together=0.5)
