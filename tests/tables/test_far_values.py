"""A few absurd numbers are seen as such; long tails, rare values and sentinels that many rows have are not."""

from __future__ import annotations

import numpy as np
import pytest

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
