"""The area under the ROC curve with its variance: how often a row of one kind is scored above one of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["roc_area"]

Floats = NDArray[np.float64]


def roc_area(above: Floats, below: Floats) -> tuple[float, float]:
    """Return the share of pairs in which a score of `above` exceeds one of `below`, ties counted half; its variance.

    The variance is DeLong's: of the mean share that each score wins, on either side. DeLong, DeLong and
    Clarke-Pearson, *Comparing the areas under two or more correlated receiver operating characteristic curves*, 1988,
    https://doi.org/10.2307/2531595.

    Args:
        above: scores ``[n]``, two or more.
        below: scores ``[m]``, two or more.

    >>> area, variance = roc_area(np.array([0.35, 0.8]), np.array([0.1, 0.4]))
    >>> area, round(variance, 4)
    (0.75, 0.125)
    """
    wins = _mean_wins(above, np.sort(below))
    losses = _mean_wins(below, np.sort(above))
    variance = wins.var(ddof=1) / len(above) + losses.var(ddof=1) / len(below)
    return float(wins.mean()), float(variance)


def _mean_wins(scores: Floats, others: Floats) -> Floats:
    """Return the share of the sorted `others` that each score exceeds."""
    wins: Floats = (
        (np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")) / 2 / len(others)
    )
    return wins
