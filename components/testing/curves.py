"""Curves of a classifier: ROC, precision–recall, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_POINTS", "CalibrationBin", "calibration", "confusion", "precision_recall", "roc"]

Floats = NDArray[np.float64]

MAX_POINTS: Final = 200
Z: Final = 1.959963984540054  # 95 % of a normal distribution


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of similar probability: its mean, the share of positive rows, the 95 % Wilson interval of that share."""

    predicted: float
    actual: float
    low: float
    high: float
    rows: int


def roc(positive: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """Return false positive rate, true positive rate and threshold, from (0, 0) to (1, 1), at most `MAX_POINTS`.

    All are finite; the first threshold is just above the largest score. Points are spread evenly along the curve. A
    rate without rows is 0.
    """
    hits, misses, thresholds = _steps(positive, scores)
    fpr, tpr = misses / max(misses[-1], 1.0), hits / max(hits[-1], 1.0)
    keep = _spread(fpr + tpr)
    return fpr[keep], tpr[keep], thresholds[keep]


def precision_recall(positive: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return recall and precision from the highest threshold to the lowest, at most `MAX_POINTS`."""
    hits, misses, _ = _steps(positive, scores)
    hits, misses = hits[1:], misses[1:]
    recall, precision = hits / max(hits[-1], 1.0), hits / (hits + misses)
    keep = _spread(recall)
    return recall[keep], precision[keep]


def calibration(positive: NDArray[np.bool_], scores: NDArray[Any], bins: int = 10) -> list[CalibrationBin]:
    """Return bins of about as many rows each; rows of equal probability stay together."""
    edges = np.unique(np.quantile(scores, np.arange(1, bins) / bins))
    bin_of = np.searchsorted(edges, scores, side="left")
    result = []
    for i in np.unique(bin_of):
        rows = bin_of == i
        count, share = int(rows.sum()), float(positive[rows].mean())
        centre, spread = share + Z**2 / (2 * count), Z * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
        low, high = ((centre + sign * spread) / (1 + Z**2 / count) for sign in (-1, 1))
        mean = float(np.asarray(scores[rows], dtype=np.float64).mean())
        result.append(CalibrationBin(mean, share, max(0.0, float(low)), min(1.0, float(high)), count))
    return result


def confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return counts `[C, C]`: rows are true classes, columns predicted ones."""
    table: NDArray[np.int64] = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return table.reshape(classes, classes)


def _steps(positive: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    order = np.argsort(-scores, kind="stable")
    ranked = np.asarray(scores[order], dtype=np.float64)
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # rows of equal score are one step
    hits = np.cumsum(positive[order])[last].astype(np.float64)
    misses = last + 1 - hits
    start = np.nextafter(ranked[0], np.inf) if len(ranked) else 1.0
    return np.append(0.0, hits), np.append(0.0, misses), np.append(start, ranked[last])


def _spread(along: Floats) -> NDArray[np.int64]:
    """Return at most `MAX_POINTS` positions, both ends included, evenly spread along an ascending measure."""
    if len(along) <= MAX_POINTS:
        return np.arange(len(along))
    wanted = np.linspace(along[0], along[-1], MAX_POINTS)
    positions = np.unique(np.minimum(np.searchsorted(along, wanted), len(along) - 1))
    positions[-1] = len(along) - 1
    return positions.astype(np.int64)
