"""Leakage by a gap: a column that has a value where the target is one thing, and none where it is another."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leakage import NOTHING, Evidence

__all__ = ["presence_evidence"]

MIN_EACH: Final = 20  # rows with and without a value
MIN_SHARE: Final = 0.02


def presence_evidence(missing: NDArray[np.bool_], target: NDArray[Any], *, classes: int) -> Evidence:
    """Return how well the gaps of a column alone give one class, or the larger values of the target.

    What is left are, of a class, the rows that do not fit over those of the class or of all others if these are fewer;
    of a value the share of the pairs of a row with and one without a value that are in the other order, times two.

    Args:
        missing: where the column has no value, shape ``[n]``.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    gaps = int(np.count_nonzero(missing))
    if min(gaps, len(missing) - gaps) < max(MIN_EACH, MIN_SHARE * len(missing)):
        return NOTHING
    return _gives_class(missing, target, classes) if classes else _gives_order(missing, target)


def _gives_class(missing: NDArray[np.bool_], target: NDArray[np.int64], classes: int) -> Evidence:
    counts = np.bincount(target, minlength=classes)
    inside = np.bincount(target[missing], minlength=classes)
    rest, outside = len(target) - counts, np.count_nonzero(missing) - inside
    fewer = np.minimum(counts, rest)
    errors = np.minimum(counts - inside + outside, inside + rest - outside)
    left = np.where(fewer >= MIN_EACH, errors / np.maximum(fewer, 1), 1.0)
    best = int(left.argmin())
    there = [1 - inside[best] / max(1, counts[best]), 1 - outside[best] / max(1, rest[best])]
    text = f"it has a value in {there[0]:.1%} of the rows of one class and in {there[1]:.1%} of all others"
    return Evidence(exact=False, left=float(left[best]), text=text)


def _gives_order(missing: NDArray[np.bool_], target: NDArray[np.float64]) -> Evidence:
    with_value, without = np.sort(target[~missing]), target[missing]
    below = np.searchsorted(with_value, without, side="left") + np.searchsorted(with_value, without, side="right")
    share = float(below.mean()) / (2 * len(with_value))
    wrong = min(share, 1 - share)
    text = f"in {1 - wrong:.1%} of all pairs of a row with and one without a value, the same has the larger target"
    return Evidence(exact=False, left=2 * wrong, text=text)
