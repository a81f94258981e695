"""Separation: seen where only the joint distribution moved, quiet where nothing did."""

import numpy as np
import pytest

from sevenfold.monitoring.subtle.columns import Columns
from sevenfold.monitoring.subtle.separation import separation

NAMES = ("a", "b", "c", "d")


def drawn(rows, seed, *, together=0.0, mean=0.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(NAMES)))
    values[:, 1] = together * values[:, 0] + np.sqrt(1 - together**2) * values[:, 1]
    values[:, 2] += mean
    values[rng.random(values.shape) < 0.05] = np.nan
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
