"""Influence values: how much each row moves a metric.

With weights w of the rows, a metric is T(w) ≈ T + Σ (w_i − 1) u_i / n near w = 1. The values u have mean 0 and give the
metric's standard error, √(Σ u²) / n, without any resampling (Hampel 1974; Efron 1982, the infinitesimal jackknife).
For ROC AUC they are those of DeLong et al. (1988), for a mean the deviations of its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.scoring.formulas import CALIBRATION_BINS, OF_COUNTS, OF_VALUES, Floats, Integers, calibration_gaps
from sevenfold.scoring.scores import predicted_classes

__all__ = ["influence", "rows_of_evidence"]

STEP: Final = 1e-4  # of a cell of the confusion table, for its derivative
OF_ONE_CLASS: Final = frozenset({"recall", "average_precision", "f1", "precision"})


def influence(metric: str, truth: NDArray[Any], predicted: NDArray[Any], *, threshold: float = 0.5) -> Floats:
    """Return the influence values `[n]` of a metric; NaN where the metric is undefined.

    Args:
        metric: a name in `plan.metrics.METRICS`.
        truth: `[n]`; class index or value, all of them known.
        predicted: probabilities `[n, C]` or values `[n]`, all of them finite.
        threshold: binary: probability from which the positive class is predicted.
    """
    with np.errstate(all="ignore"):
        if metric in OF_VALUES:
            return _OF_VALUES[metric](truth.astype(np.float64), predicted.astype(np.float64))
        if metric in OF_COUNTS:
            return _of_counts(metric, truth, predicted, threshold)
        return _OF_PROBABILITIES[metric](truth, predicted)


def rows_of_evidence(metric: str, truth: NDArray[Any]) -> int:
    """Return the number of rows that a metric rests on: of the positive or rarest class, where others count little."""
    if metric in OF_VALUES or metric in ("accuracy", "log_loss", "brier", "calibration_error"):
        return len(truth)
    counts = np.bincount(truth)
    return int(counts[1]) if metric in OF_ONE_CLASS and len(counts) > 1 else int(counts[counts > 0].min())


def _centred(losses: Floats) -> Floats:
    return np.asarray(losses - losses.mean())


def _rmse(truth: Floats, predicted: Floats) -> Floats:
    squared = (truth - predicted) ** 2
    root = np.sqrt(squared.mean())
    return _centred(squared) / (2 * root) if root > 0 else np.zeros(len(truth))


def _mae(truth: Floats, predicted: Floats) -> Floats:
    return _centred(np.abs(truth - predicted))


def _r2(truth: Floats, predicted: Floats) -> Floats:
    squared, spread = (truth - predicted) ** 2, (truth - truth.mean()) ** 2
    return np.asarray((spread * (squared.mean() / spread.mean()) - squared) / spread.mean())


def _log_loss(truth: Integers, predicted: NDArray[Any]) -> Floats:
    epsilon = np.finfo(predicted.dtype if predicted.dtype.kind == "f" else np.float64).eps
    given = predicted[np.arange(len(truth)), truth].astype(np.float64)
    return _centred(-np.log(np.clip(given, epsilon, 1 - epsilon)))


def _brier(truth: Integers, predicted: NDArray[Any]) -> Floats:
    error = predicted.astype(np.float64)
    error[np.arange(len(truth)), truth] -= 1
    return _centred(error[:, 1] ** 2 if predicted.shape[1] == 2 else (error**2).sum(axis=1))


def _calibration_error(truth: Integers, predicted: NDArray[Any]) -> Floats:
    gaps, bins = calibration_gaps(truth, predicted)
    sums = np.bincount(bins, weights=gaps, minlength=CALIBRATION_BINS)
    return _centred(np.sign(sums)[bins] * gaps)


def _roc_auc(truth: Integers, predicted: NDArray[Any]) -> Floats:
    if predicted.shape[1] == 2:
        return _area(truth == 1, predicted[:, 1])
    areas = [_area(truth == index, predicted[:, index]) for index in range(predicted.shape[1])]
    defined = [values for values in areas if np.isfinite(values).all()]
    return np.asarray(np.mean(defined, axis=0)) if defined else np.full(len(truth), np.nan)


def _area(positive: NDArray[np.bool_], scores: NDArray[Any]) -> Floats:
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    if len(above) < 2 or len(below) < 2:
        return np.full(len(scores), np.nan)
    ranks = np.empty(len(scores))  # the share of the other class that a row is on the right side of
    ranks[positive] = _share_below(below, scores[positive])
    ranks[~positive] = 1 - _share_below(above, scores[~positive])
    area = float(ranks[positive].mean())
    for mine, count in ((positive, len(above)), (~positive, len(below))):
        # With count − 1, as a sample variance, each class has its own few rows.
        ranks[mine] = (ranks[mine] - area) * (len(scores) / np.sqrt(count * (count - 1.0)))
    return ranks


def _share_below(ordered: NDArray[Any], values: NDArray[Any]) -> Floats:
    fewer = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(fewer / (2.0 * len(ordered)))


def _average_precision(truth: Integers, predicted: NDArray[Any]) -> Floats:
    scores, positive = predicted[:, 1], truth == 1
    hit, miss = np.sort(-scores[positive]), np.sort(-scores[~positive])
    if not len(hit):
        return np.full(len(truth), np.nan)
    hits, misses = (np.searchsorted(group, hit, side="right").astype(np.float64) for group in (hit, miss))
    precision, total = hits / (hits + misses), float(len(hit))
    average = float(precision.mean())
    # A row counts in the precision of every positive that scores no higher than it does.
    lower = np.searchsorted(hit, -scores, side="left")
    gain = np.append(np.cumsum((misses / (hits + misses) ** 2)[::-1])[::-1], 0.0)[lower]
    drain = np.append(np.cumsum((hits / (hits + misses) ** 2)[::-1])[::-1], 0.0)[lower]
    values = -drain / total
    own = precision[np.minimum(lower, len(hit) - 1)]
    values[positive] = (own[positive] - average + gain[positive]) / total
    return np.asarray(values * len(truth))


def _of_counts(metric: str, truth: Integers, predicted: NDArray[Any], threshold: float) -> Floats:
    classes, measure = predicted.shape[1], OF_COUNTS[metric]
    cells = truth * classes + predicted_classes(predicted, threshold=threshold)
    table = np.bincount(cells, minlength=classes * classes).astype(np.float64)
    slopes = np.zeros(len(table))
    for cell in np.flatnonzero(table):
        step = STEP * table[cell]
        ends = []
        for change in (step, -step):
            moved = table.copy()
            moved[cell] += change
            ends.append(measure(moved.reshape(classes, classes)))
        slopes[cell] = (ends[0] - ends[1]) / (2 * step)
    return np.asarray(slopes[cells] * len(truth))


_OF_VALUES: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
_OF_PROBABILITIES: Final[dict[str, Callable[[Integers, NDArray[Any]], Floats]]] = {
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "calibration_error": _calibration_error,
}
