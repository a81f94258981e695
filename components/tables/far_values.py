"""A few numbers that lie absurdly far from all others, such as 3.4e38 among ages: sentinels, or slips of a program.

One of them makes mean and deviation useless for the others: scaled by those, all others are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.mean_deviation import mean_and_deviation
from sevenfold.tables.numbers import Numbers, ends, pieces
from sevenfold.tables.order_statistics import at_ranks, interpolated, quantile_of

__all__ = ["FarValues", "far_values"]

Map = Callable[[NDArray[np.float64]], NDArray[np.float64]]

FLATTENED: Final = 10.0  # deviation in interquartile ranges; of a normal distribution 0.74, of an exponential one 0.91
FENCE: Final = 10.0  # interquartile ranges beyond the quartiles
SAMPLE: Final = 2_000
MANY: Final = 10 * SAMPLE  # values from which it pays to look at a sample first
LARGE: Final = 1e150
QUARTILES: Final = (0.25, 0.5, 0.75)
MOST: Final = 0.25  # share of the values: more of them are no outliers, and move the quartiles


@dataclass(frozen=True)
class FarValues:
    """The values below `low` or above `high`: how many, and the most frequent of them with its count."""

    low: float
    high: float
    count: int
    value: float
    value_count: int


def far_values(present: Numbers, extremes: tuple[float, float] | None = None) -> FarValues | None:
    """Return the numbers that flatten a column, None where there are none.

    A column is flattened where its deviation is above ten interquartile ranges, and the values more than ten of them
    beyond the quartiles are to blame (Tukey's fences, wide ones). Where more than half of the values are equal, the
    range is that of the others.

    Args:
        present: finite values, shape ``[n]``.
        extremes: the smallest and the largest of them, where they are known.

    >>> far_values(np.array([1.0, 2.0, 3.0, 4.0] * 25 + [3.4e38])).value
    3.4e+38
    """
    if len(present) < 2:
        return None
    lowest, highest = map(float, extremes or ends(present))
    unit = max(-lowest, highest) or 1.0
    if unit <= LARGE and (highest - lowest) / 2 <= FLATTENED * _least_spread(present):
        return None  # no deviation is above half of the range

    def scaled(some: NDArray[np.float64]) -> NDArray[np.float64]:
        return some / unit  # the square of a huge number would overflow

    _, deviation = mean_and_deviation(present, scaled)
    if deviation <= FLATTENED * _least_spread(present, unit):
        return None
    low, middle, high = (quantile_of(present, share, scaled) for share in QUARTILES)
    spread = high - low
    if not spread:
        low, high, spread = _of_others(present, scaled, middle)
    if not spread or deviation <= FLATTENED * spread:
        return None
    low, high = low - FENCE * spread, high + FENCE * spread
    values, counts = _beyond(present, scaled, low, high)
    count = int(counts.sum())
    if not count or count > MOST * len(present):
        return None
    most = int(counts.argmax())
    return FarValues(low * unit, high * unit, count, float(values[most]), int(counts[most]))


def _least_spread(present: Numbers, unit: float = 1.0) -> float:
    """Return what the interquartile range, in units, is surely not below, -1.0 where nothing is sure of it.

    Quartiles of many values take long to find. So two values of a sample are tried: the quartiles lie beyond them where
    a quarter of all values do.
    """
    if len(present) < MANY:
        return -1.0
    step = len(present) // SAMPLE
    sample = np.concatenate([present[at : at + 1] for at in range(0, len(present), step)]) / unit
    low, high = np.quantile(sample, [0.3, 0.7]).tolist()
    quarter = len(present) / 4 + 2  # no less, wherever between two values a quartile lies
    below = above = 0
    for some in pieces(present):
        in_units = some if unit == 1.0 else some / unit
        below += int(np.count_nonzero(in_units <= low))
        above += int(np.count_nonzero(in_units >= high))
    return high - low if below >= quarter and above >= quarter and low < high else -1.0


def _of_others(present: Numbers, scaled: Map, middle: float) -> tuple[float, float, float]:
    """Return quartiles and spread of the values that are not the one that most rows have, that one within."""
    below = equal = 0
    for some in map(scaled, pieces(present)):
        below += int(np.count_nonzero(some < middle))
        equal += int(np.count_nonzero(some == middle))
    others = len(present) - equal
    if not others:
        return middle, middle, 0.0

    def at(rank: int) -> float:
        """Return the value at a rank among the others."""
        among_all = rank if rank < below else rank + equal
        return float(scaled(at_ranks(present, among_all, among_all))[0])

    def quantile(share: float) -> float:
        rank = (others - 1) * share
        first = int(rank)
        return interpolated(at(first), at(min(first + 1, others - 1)), rank - first)

    low, half, high = map(quantile, QUARTILES)
    spread = (high - low) or abs(half - middle)
    return min(low, middle), max(high, middle), spread


def _beyond(present: Numbers, scaled: Map, low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the values that scaled are below `low` or above `high`, each once in order, and how often each is."""
    values, counts = np.zeros(0), np.zeros(0, dtype=np.int64)
    for some in pieces(present):
        in_units = scaled(some)
        far = some[(in_units < low) | (in_units > high)]
        if len(far):
            found, times = np.unique(far, return_counts=True)
            values, which = np.unique(np.concatenate((values, found)), return_inverse=True)
            counts = np.bincount(which, weights=np.concatenate((counts, times))).astype(np.int64)
    return values, counts
