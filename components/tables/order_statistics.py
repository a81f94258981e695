"""The value at a rank of many numbers, and the median and quantiles, exactly and in little memory.

A sample says between which two values the rank lies; the values between them are collected, or where they are many,
another sample is taken of them alone. It is quickselect (Hoare 1961) with the pivots of Floyd and Rivest (1975).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.numbers import Numbers, pieces

__all__ = ["at_ranks", "median_of", "quantile_of"]

SAMPLE: Final = 4_000
PER_SAMPLED: Final = 1_000  # values
MANY: Final = 10 * SAMPLE  # values that are collected, however few they are of all
MOST: Final = 1 << 20  # values that are collected
SURE: Final = 5.0  # standard deviations of a rank in a sample

Map = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def median_of(values: Numbers, of: Map | None = None) -> float:
    """Return the median: of an even number of values the mean of the two in the middle, as `numpy.median`.

    Args:
        values: at least one, none NaN, shape ``[n]``.
        of: a function that does not change the order of numbers; the median is that of its results.
    """
    count = len(values)
    middle = at_ranks(values, (count - 1) // 2, count // 2)
    return float(np.mean(middle if of is None else of(middle)))


def quantile_of(values: Numbers, share: float, of: Map | None = None) -> float:
    """Return the value that has a share of all below it, between two values by interpolation, as `numpy.quantile`.

    Args:
        values: at least one, none NaN, shape ``[n]``.
        share: from 0 to 1.
        of: a function that does not change the order of numbers; the quantile is that of its results.
    """
    rank = (len(values) - 1) * share
    first = int(rank)
    two = at_ranks(values, first, min(first + 1, len(values) - 1))
    # of two values numpy's own interpolation gives the same bits as of all
    low, high = (two[[0, -1]] if of is None else of(two[[0, -1]])).tolist()
    return interpolated(low, high, rank - first)


def interpolated(low: float, high: float, share: float) -> float:
    """Return what lies between two numbers, by the formula of `numpy.quantile`."""
    step = high - low
    return high - step * (1 - share) if share >= 0.5 else low + step * share


def at_ranks(values: Numbers, first: int, last: int) -> NDArray[Any]:
    """Return the values that stand at a rank, and at the one after it where that is `last`, if all are put in order.

    Args:
        values: none NaN, shape ``[n]``.
        first: from 0.
        last: `first`, or the next rank.
    """
    random = np.random.default_rng(0)
    low: Any = None
    high: Any = None  # the ranks lie between these two, neither of them included; None is no border
    below, count = 0, len(values)  # values up to `low`, and those between
    while count > MANY:
        sample = np.sort(_sampled(values, low, high, count, random))
        left, right = _borders(sample, (first - below) / count)
        smaller, kept, parts = _look(values, left, right)
        if kept is not None and smaller <= first and last < smaller + sum(parts):
            return _partitioned(kept, first - smaller, last - smaller)
        edges = np.cumsum([smaller, *parts])
        region, of_last = np.searchsorted(edges, [first, last], side="right").tolist()
        if region != of_last:
            return np.concatenate([at_ranks(values, rank, rank) for rank in (first, last)])
        if region in (1, 3):  # it is the value of a border itself
            return np.repeat(left if region == 1 else right, last - first + 1)
        until = below + count
        if region == 0:
            high, until = left, smaller
        elif region == 2:
            low, high, below, until = left, right, int(edges[1]), int(edges[2])
        else:
            low, below = right, int(edges[3])
        count = until - below
    collected = np.concatenate([_between(some, low, high) for some in pieces(values)])
    return _partitioned(collected, first - below, last - below)


def _partitioned(values: NDArray[Any], first: int, last: int) -> NDArray[Any]:
    ordered: NDArray[Any] = np.partition(values, sorted({first, last}))[first : last + 1]
    return ordered


def _between(some: NDArray[Any], low: Any, high: Any) -> NDArray[Any]:
    """Return the values above `low` and below `high`."""
    inside = some if low is None else some[some > low]
    return inside if high is None else inside[inside < high]


def _sampled(values: Numbers, low: Any, high: Any, count: int, random: np.random.Generator) -> NDArray[Any]:
    """Return some of the `count` values between two, drawn at random: no order of the rows misleads them."""
    wanted = np.sort(random.integers(0, count, max(SAMPLE, min(count // PER_SAMPLED, 16 * SAMPLE))))
    taken, done, start = [], 0, 0
    for some in pieces(values):
        inside = _between(some, low, high)
        until = int(np.searchsorted(wanted, start + len(inside)))
        taken.append(inside[wanted[done:until] - start])
        done, start = until, start + len(inside)
    return np.concatenate(taken)


def _borders(sample: NDArray[Any], share: float) -> tuple[Any, Any]:
    """Return two values of a sample in order that very likely have between them what a share of all is below."""
    margin = SURE * (share * (1 - share) / len(sample)) ** 0.5 + 1 / len(sample)
    most = len(sample) - 1
    return sample[max(int((share - margin) * most), 0)], sample[min(int((share + margin) * most) + 1, most)]


def _look(values: Numbers, low: Any, high: Any) -> tuple[int, NDArray[Any] | None, tuple[int, int, int]]:
    """Return how many values are below `low`, those from `low` to `high`, and how many of them are low, between, high.

    The values themselves are None where they are too many, and where `low` is `high` all of them count as low.
    """
    kept: list[NDArray[Any]] = []
    below = count = lowest = highest = 0
    for some in pieces(values):
        smaller = some < low
        below += int(np.count_nonzero(smaller))
        inside = some[smaller != (some <= high)]
        lowest += int(np.count_nonzero(inside == low))
        highest += int(np.count_nonzero(inside == high)) if low < high else 0
        count += len(inside)
        kept = [*kept, inside] if count <= MOST else []
    return below, np.concatenate(kept) if count <= MOST else None, (lowest, count - lowest - highest, highest)
