"""Median and quantiles by samples: numpy's, in any order of the rows, in memory and in a file."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.tables import order_statistics as module
from sevenfold.tables.numbers import NumberFile
from sevenfold.tables.order_statistics import MANY, at_ranks, median_of, quantile_of

DRAW = np.random.default_rng(3)
SIZE = MANY + 1_001
KINDS = {
    "normal": lambda size: DRAW.normal(size=size),
    "in order": lambda size: np.sort(DRAW.exponential(size=size)),
    "three values": lambda size: DRAW.integers(0, 3, size).astype(float),
    "two halves": lambda size: np.where(DRAW.random(size) < 0.5, 1e300, -1e300),
    "one value": np.ones,
    "one value mostly": lambda size: np.where(DRAW.random(size) < 0.9, 7.0, DRAW.normal(size=size)),
    "moments": lambda size: DRAW.integers(-(2**62), 2**62, size),
    "few days": lambda size: DRAW.integers(0, 50, size) * 86_400_000_000,
}
parametrized = pytest.mark.parametrize("kind", KINDS)


@parametrized
@pytest.mark.parametrize("size", [1, 2, 1_000, SIZE, SIZE + 1])
def test_median_and_quantiles_are_those_of_numpy(kind, size):
    values = KINDS[kind](size)
    assert median_of(values) == np.median(values)
    for share in (0.0, 0.1, 0.25, 0.5, 0.75, 0.999, 1.0):
        assert quantile_of(values, share) == np.quantile(values, share)


@parametrized
def test_no_more_than_some_values_are_collected(kind, monkeypatch):
    monkeypatch.setattr(module, "MANY", 100)
    monkeypatch.setattr(module, "MOST", 150)
    monkeypatch.setattr(module, "SAMPLE", 40)
    values = KINDS[kind](20_000)
    ordered = np.sort(values)
    for rank in (0, 1, 150, 4_999, 9_999, 17_000, 19_998):
        assert at_ranks(values, rank, rank).tolist() == ordered[rank : rank + 1].tolist()
        assert at_ranks(values, rank, rank + 1).tolist() == ordered[rank : rank + 2].tolist()


@parametrized
def test_a_file_of_numbers_gives_the_same(kind, tmp_path):
    values = KINDS[kind](SIZE)
    with NumberFile(tmp_path, values.dtype.type) as file:
        file.append(values)
        file.flush()
        assert median_of(file) == np.median(values)
        assert quantile_of(file, 0.75) == np.quantile(values, 0.75)


def test_a_function_is_taken_of_the_values_in_the_middle():
    values = DRAW.normal(size=SIZE + 1)
    assert median_of(values, lambda some: some / 3) == np.median(values / 3)
    assert quantile_of(values, 0.25, lambda some: np.clip(some, 0, 1)) == np.quantile(np.clip(values, 0, 1), 0.25)
