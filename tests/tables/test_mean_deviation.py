"""Mean and deviation: numpy's own, to the last bit, whatever the number of values."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.tables.mean_deviation import AT_ONCE, mean_and_deviation

DRAW = np.random.default_rng(5)


@pytest.mark.parametrize("size", [1, 7, 8, 129, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 9, 5 * AT_ONCE - 3, 300_001])
def test_both_are_those_of_numpy_to_the_bit(size):
    values = np.exp(DRAW.normal(size=size) * 4) * DRAW.choice([-1, 1], size)
    assert mean_and_deviation(values) == (values.mean(), values.std())


def test_a_function_of_each_value_is_taken_of_all():
    moments = DRAW.integers(0, 2**50, 3 * AT_ONCE + 5)
    days = moments / 86_400e6
    assert mean_and_deviation(moments, lambda some: some / 86_400e6) == (days.mean(), days.std())


def test_the_values_stay_as_they_are():
    values = DRAW.normal(size=2 * AT_ONCE)
    before = values.copy()
    mean_and_deviation(values)
    assert (values == before).all()
