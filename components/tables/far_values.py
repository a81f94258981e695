"""A few numbers that lie absurdly far from all others, such as 3.4e38 among ages: sentinels, or slips of a program.

One of them makes mean and deviation useless for the others: scaled by those, all others are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.mean_deviation import mean_and_deviation

__all__ = ["FarValues", "far_values"]

FLATTENED: Final = 10.0  # deviation in interquartile ranges; of a normal distribution 0.74, of an exponential one 0.91
FENCE: Final = 10.0  # interquartile ranges beyond the quartiles
SAMPLE: Final = 2_000
MANY: Final = 10 * SAMPLE  # values from which it pays to look at a sample first
LARGE: Final = 1e150
MOST: Final = 0.25  # share of the values: more of them are no outliers, and move the quartiles


@dataclass(frozen=True)
class FarValues:
    """The values below `low` or above `high`: how many, and the most frequent of them with its count."""

    low: float
    high: float
    count: int
    value: float
    value_count: int


def far_values(present: NDArray[np.float64]) -> FarValues | None:
    """Return the numbers that flatten a column, None where there are none.

    A column is flattened where its deviation is above ten interquartile ranges, and the values more than ten of them
    beyond the quartiles are to blame (Tukey's fences, wide ones). Where more than half of the values are equal, the
    range is that of the others.

    Args:
        present: finite values, shape ``[n]``.

    >>> far_values(np.array([1.0, 2.0, 3.0, 4.0] * 25 + [3.4e38])).value
    3.4e+38
    """
    if len(present) < 2:
        return None
    lowest, highest = float(present.min()), float(present.max())
    unit = max(-lowest, highest) or 1.0
    if unit <= LARGE and (highest - lowest) / 2 <= FLATTENED * _least_spread(present):
        return None  # no deviation is above half of the range
    scaled = present / unit  # the square of a huge number would overflow
    _, deviation = mean_and_deviation(scaled)
    if deviation <= FLATTENED * _least_spread(scaled):
        return None
    low, middle, high = np.quantile(scaled, [0.25, 0.5, 0.75]).tolist()
    spread = high - low
    if not spread:
        low, high, spread = _of_others(scaled, middle)
    if not spread or deviation <= FLATTENED * spread:
        return None
    low, high = low - FENCE * spread, high + FENCE * spread
    far = present[(scaled < low) | (scaled > high)]
    if not len(far) or len(far) > MOST * len(present):
        return None
    values, counts = np.unique(far, return_counts=True)
    most = int(counts.argmax())
    return FarValues(low * unit, high * unit, len(far), float(values[most]), int(counts[most]))


def _least_spread(scaled: NDArray[np.float64]) -> float:
    """Return what the interquartile range is surely not below, -1.0 where nothing is sure of it.

    Quartiles of many values take long to find. So two values of a sample are tried: the quartiles lie beyond them where
    a quarter of all values do.
    """
    if len(scaled) < MANY:
        return -1.0
    low, high = np.quantile(scaled[:: len(scaled) // SAMPLE], [0.3, 0.7]).tolist()
    quarter = len(scaled) / 4 + 2  # no less, wherever between two values a quartile lies
    sure = np.count_nonzero(scaled <= low) >= quarter and np.count_nonzero(scaled >= high) >= quarter
    return high - low if sure and low < high else -1.0


def _of_others(scaled: NDArray[np.float64], middle: float) -> tuple[float, float, float]:
    """Return quartiles and spread of the values that are not the one that most rows have, that one within."""
    others = scaled[scaled != middle]
    if not len(others):
        return middle, middle, 0.0
    low, half, high = np.quantile(others, [0.25, 0.5, 0.75]).tolist()
    spread = (high - low) or abs(half - middle)
    return min(low, middle), max(high, middle), spread
