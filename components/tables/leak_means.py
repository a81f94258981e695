"""Leakage by a mean: a column that holds the target's own mean of a group, so that each row's answer is part of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["known_may_be_means", "may_be_means", "mean_share"]

SAMPLE: Final = 20_000
MATCHING: Final = 0.9  # share of the rows whose value is the mean of its group
MIN_GROUPS: Final = 3
MIN_PER_GROUP: Final = 2.0  # rows
MAX_DECIMALS: Final = 12
COARSE: Final = 0.01  # rounding, as a share of the column's deviation, with which chance may agree
ROUNDING: Final = 1e-9
LARGEST: Final = 1e100  # beyond it squares overflow

Matrix = NDArray[np.float64]


def mean_share(values: Matrix, target: NDArray[Any], *, classes: int) -> tuple[float, int]:
    """Return the share of the rows whose value is the mean of the target over all rows of that value, and the groups.

    For classes the target is 1 for one of them and 0 for all others, or the other way round. 0 where the column is of
    another size, has hardly a value twice, or is rounded so coarsely that chance may agree.

    Args:
        values: all rows of the table, shape ``[n]``, NaN for missing.
        target: class index, -1 for none, or a value, NaN for none, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    values, target = _known(values, target, classes)
    if not may_be_means(values, target, classes=classes):
        return 0.0, 0
    distinct, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    tolerance = _rounding(distinct)
    if len(distinct) < MIN_GROUPS or len(values) < MIN_PER_GROUP * len(distinct) or tolerance > COARSE * values.std():
        return 0.0, 0
    best = 0.0
    for wanted in _targets(target, classes):
        means = np.bincount(group, weights=wanted) / counts
        matching = np.abs(means - distinct) <= tolerance + ROUNDING * np.abs(distinct)
        best = max(best, float(counts[matching & (counts > 1)].sum() / len(values)))
    return (best, len(distinct)) if best >= MATCHING else (0.0, 0)


def known_may_be_means(values: Matrix, target: NDArray[Any], *, classes: int) -> bool:
    """Whether a quick look leaves it possible, as `may_be_means`; NaN for a missing value, and a target as there."""
    return may_be_means(*_known(values, target, classes), classes=classes)


def _known(values: Matrix, target: NDArray[Any], classes: int) -> tuple[Matrix, NDArray[Any]]:
    known = (np.abs(values) <= LARGEST) & ((target >= 0) if classes else (np.abs(target) <= LARGEST))
    return values[known], target[known]


def may_be_means(values: Matrix, target: NDArray[Any], *, classes: int) -> bool:
    """Whether a quick look at some rows leaves it possible: the column's mean and that of the target are the same.

    Args:
        values: finite, shape ``[n]``.
        target: class index, or a value, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    if len(values) < 2 * MIN_GROUPS:
        return False
    some = slice(None, None, max(1, len(values) // SAMPLE))
    values, target = values[some], target[some]
    low, high, spread = float(values.min()), float(values.max()), float(values.std())
    if high <= low or (classes and (low < 0 or high > 1)):
        return False
    for wanted in _targets(target, classes):
        error = float(wanted.std()) / len(wanted) ** 0.5
        if spread <= float(wanted.std()) * 1.05 and abs(float((wanted - values).mean())) <= 5 * error:
            return True
    return False


def _targets(target: NDArray[Any], classes: int) -> list[Matrix]:
    if not classes:
        return [target.astype(np.float64)]
    return [(target == label).astype(np.float64) for label in range(min(classes, 20))]


def _rounding(values: Matrix) -> float:
    """Return half a unit of the last decimal that values are written with."""
    some = values[:: max(1, len(values) // 200)]
    for decimals in range(MAX_DECIMALS + 1):
        if np.allclose(np.round(some, decimals), some, rtol=0, atol=1e-13):
            return 0.5 * 10.0**-decimals
    return 0.0
