"""A few absurd numbers are seen as such; long tails, rare values and sentinels that many rows have are not."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.tables import far_values as module
from sevenfold.tables.far_values import far_values

RANDOM = np.random.default_rng(11)
AGES = RANDOM.normal(40, 12, 300)


@pytest.mark.parametrize(
    ("sentinel", "times"), [(3.4e38, 1), (-3.4e38, 1), (1e300, 2), (-99_999.0, 5), (-99_999.0, 60)]
)
def test_sentinels_are_named_and_counted(sentinel: float, times: int) -> None:
    far = far_values(np.concatenate([AGES, [sentinel] * times]))
    assert far is not None
    assert (far.count, far.value, far.value_count) == (times, sentinel, times)
    assert far.low < AGES.min() and AGES.max() < far.high


def test_zeros_in_most_rows_do_not_hide_a_sentinel() -> None:
    counts = np.array([0.0] * 250 + [1.0] * 49 + [2.0**31 - 1])
    far = far_values(counts)
    assert far is not None and (far.count, far.value) == (1, 2.0**31 - 1)
    assert far.low <= 0 and far.high >= 1


@pytest.mark.parametrize(
    "values",
    [
        AGES,
        RANDOM.exponential(1.0, 5000),
        RANDOM.lognormal(0.0, 1.5, 5000),
        RANDOM.standard_cauchy(30),
        np.array([0.0] * 990 + list(RANDOM.integers(100, 100_000, 10))),  # the few values are what matters
        np.array([0.0] * 299 + [3.4e38]),  # a flag, however it is written
        np.array([0.0, 1.0] * 50),
        np.array([7.0] * 50),
        np.array([-999.0] * 40 + [1.0, 2.0, 3.0] * 20),
        np.array([3.0]),
        np.array([]),
    ],
)
def test_all_else_is_left_alone(values: np.ndarray) -> None:
    assert far_values(values) is None


MANY = {
    "normal": lambda random, rows: random.normal(40, 12, rows),
    "exponential": lambda random, rows: random.exponential(1.0, rows),
    "long tail": lambda random, rows: random.lognormal(0.0, 3.0, rows),
    "cauchy": lambda random, rows: random.standard_cauchy(rows),
    "counts": lambda random, rows: random.poisson(1.0, rows).astype(float),
    "mostly zero": lambda random, rows: np.where(random.random(rows) < 0.6, 0.0, random.normal(size=rows)),
    "two values": lambda random, rows: random.integers(0, 2, rows).astype(float),
    "constant": lambda _, rows: np.full(rows, 7.0),
    "in order": lambda _, rows: np.arange(rows, dtype=float),
    "a tail in order": lambda random, rows: np.sort(random.standard_cauchy(rows)),
    "huge": lambda random, rows: random.normal(size=rows) * 1e307,
}


@pytest.mark.parametrize("far", [(), (3.4e38,), (-99_999.0,) * 40, (1e4,) * 200, (1e308,), (500.0,) * 9_000])
@pytest.mark.parametrize("kind", MANY)
def test_a_sample_decides_nothing_that_all_values_do_not(kind, far, monkeypatch):
    random = np.random.default_rng(5)
    values = random.permutation(np.concatenate([MANY[kind](random, 25_001), far]))
    quick = far_values(values)
    monkeypatch.setattr(module, "MANY", len(values) + 1)
    assert far_values(values) == quick


def test_most_columns_of_many_rows_need_no_quartiles():
    values = RANDOM.normal(size=25_000)
    spread = module._least_spread(values)
    assert 0.7 < spread < np.subtract(*np.quantile(values, [0.75, 0.25]))
    assert module._least_spread(values[:9_000]) == -1.0
