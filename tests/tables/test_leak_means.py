"""A column of means of the target is recognised; means of other rows, and other columns, are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import KFold

from sevenfold.tables.leak_means import mean_share

RANDOM = np.random.default_rng(0)
ROWS = 3_000


def encoded(group: np.ndarray, target: np.ndarray) -> np.ndarray:
    frame = pl.DataFrame({"group": group, "target": target})
    return frame.select(pl.col("target").mean().over("group")).to_series().to_numpy()


@pytest.mark.parametrize("decimals", [3, 6, 15])
def test_means_by_group_also_rounded(decimals):
    group, y = RANDOM.integers(0, 40, ROWS), RANDOM.normal(size=ROWS)
    share, groups = mean_share(encoded(group, y).round(decimals), y, classes=0)
    assert share > 0.99
    assert 38 <= groups <= 40


def test_shares_of_a_class_by_group():
    group, y = RANDOM.integers(0, 40, ROWS), RANDOM.integers(0, 3, ROWS)
    assert mean_share(encoded(group, (y == 2) * 1.0), y, classes=3)[0] == 1
    assert mean_share(encoded(group, (y != 2) * 1.0), y, classes=3)[0] in (0, 1)  # near a share of another class


def test_means_of_other_rows_are_honest():
    group, y = RANDOM.integers(0, 40, ROWS), RANDOM.normal(size=ROWS)
    values = np.zeros(ROWS)
    for seen, held in KFold(5).split(group):
        means = np.array([y[seen][group[seen] == label].mean() for label in range(40)])
        values[held] = means[group[held]]
    assert mean_share(values, y, classes=0) == (0.0, 0)


def test_other_columns_are_none():
    y = RANDOM.integers(0, 2, ROWS)
    for values in (RANDOM.random(ROWS), RANDOM.integers(0, 2, ROWS) * 1.0, np.full(ROWS, 0.5), y + 0.0, y * np.nan):
        assert mean_share(values, y, classes=2) == (0.0, 0)
    assert mean_share(RANDOM.integers(0, 9, ROWS) / 8, RANDOM.integers(0, 9, ROWS) / 8, classes=0) == (0.0, 0)
