"""The median by a sample: numpy's, in any order of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.tables.median import MANY, median_of

DRAW = np.random.default_rng(3)
SIZE = MANY + 1_001


@pytest.mark.parametrize("size", [1, 2, 1_000, SIZE, SIZE + 1])
@pytest.mark.parametrize(
    "make",
    [
        lambda size: DRAW.normal(size=size),
        lambda size: np.sort(DRAW.exponential(size=size)),
        lambda size: DRAW.integers(0, 3, size).astype(float),
        lambda size: np.where(np.arange(size) % (SIZE // 4_000) == 0, 5.0, DRAW.random(size)),  # the sample sees fives
        lambda size: np.where(DRAW.random(size) < 0.5, 1e300, -1e300),
        np.ones,
    ],
)
def test_the_median_is_that_of_numpy(make, size):
    values = make(size)
    assert median_of(values) == np.median(values)
