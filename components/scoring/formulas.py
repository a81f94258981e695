"""How each metric is computed: a function of the rows' weights, made once from their truths and predictions.

Sorting and binning are done when the function is made, so that calling it for many weightings is cheap. Every function
returns NaN where the metric is undefined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["OF_COUNTS", "OF_PROBABILITIES", "OF_VALUES", "Floats", "Integers", "Weighted", "calibration_gaps"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Weighted = Callable[[Floats], float]  # from the weights of the rows to the metric

CALIBRATION_BINS: Final = 10


def _mean(losses: Floats) -> Weighted:
    def mean(weights: Floats) -> float:
        total = float(weights.sum())
        return float(weights @ losses) / total if total > 0 else float("nan")

    return mean


def _rmse(truth: Floats, predicted: Floats) -> Weighted:
    mean = _mean((truth - predicted) ** 2)
    return lambda weights: float(np.sqrt(mean(weights)))


def _mae(truth: Floats, predicted: Floats) -> Weighted:
    return _mean(np.abs(truth - predicted))


def _r2(truth: Floats, predicted: Floats) -> Weighted:
    squared = (truth - predicted) ** 2

    def r2(weights: Floats) -> float:
        total = float(weights.sum())
        if total <= 0:
            return float("nan")
        spread = float(weights @ (truth - float(weights @ truth) / total) ** 2)
        return 1 - float(weights @ squared) / spread if spread > 0 else float("nan")

    return r2


def _log_loss(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    epsilon = np.finfo(predicted.dtype if predicted.dtype.kind == "f" else np.float64).eps
    given = predicted[np.arange(len(truth)), truth].astype(np.float64)
    return _mean(-np.log(np.clip(given, epsilon, 1 - epsilon)))


def _brier(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    if predicted.shape[1] == 2:
        return _mean((predicted[:, 1].astype(np.float64) - truth) ** 2)
    error = predicted.astype(np.float64)
    error[np.arange(len(truth)), truth] -= 1
    return _mean((error**2).sum(axis=1))


def calibration_gaps(truth: Integers, predicted: NDArray[Any]) -> tuple[Floats, Integers]:
    """Return how much each row's confidence exceeds what came true, and the bin of each row.

    Binary: of the positive class's probability; multiclass: of the top class's.
    """
    if predicted.shape[1] == 2:
        confidence, right = predicted[:, 1].astype(np.float64), truth.astype(np.float64)
    else:
        confidence = predicted.max(axis=1).astype(np.float64)
        right = (predicted.argmax(axis=1) == truth).astype(np.float64)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return confidence - right, bins


def _calibration_error(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    gaps, bins = calibration_gaps(truth, predicted)

    def error(weights: Floats) -> float:
        total = float(weights.sum())
        sums = np.bincount(bins, weights=weights * gaps, minlength=CALIBRATION_BINS)
        return float(np.abs(sums).sum()) / total if total > 0 else float("nan")

    return error


def _roc_auc(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    if predicted.shape[1] == 2:
        return _area(truth == 1, predicted[:, 1])
    areas = [_area(truth == index, predicted[:, index]) for index in range(predicted.shape[1])]

    def mean(weights: Floats) -> float:
        defined = [value for value in (area(weights) for area in areas) if not np.isnan(value)]
        return float(np.mean(defined)) if defined else float("nan")

    return mean


def _area(positive: NDArray[np.bool_], scores: NDArray[Any]) -> Weighted:
    above, below = np.flatnonzero(positive), np.flatnonzero(~positive)
    above, below = above[np.argsort(scores[above], kind="stable")], below[np.argsort(scores[below], kind="stable")]
    fewer = np.searchsorted(scores[below], scores[above], side="left")
    fewer_or_equal = np.searchsorted(scores[below], scores[above], side="right")

    def area(weights: Floats) -> float:
        passed = np.concatenate(([0.0], np.cumsum(weights[below])))
        held = weights[above]
        pairs = float(held.sum()) * float(passed[-1])
        return float(held @ (passed[fewer] + passed[fewer_or_equal])) / (2 * pairs) if pairs > 0 else float("nan")

    return area


def _average_precision(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    scores = -predicted[:, 1]
    positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth != 1)
    positive = positive[np.argsort(scores[positive], kind="stable")]
    negative = negative[np.argsort(scores[negative], kind="stable")]
    hits_up_to = np.searchsorted(scores[positive], scores[positive], side="right")
    misses_up_to = np.searchsorted(scores[negative], scores[positive], side="right")

    def average(weights: Floats) -> float:
        held = weights[positive]
        total = float(held.sum())
        if total <= 0:
            return float("nan")
        hits = np.cumsum(held)[hits_up_to - 1]
        misses = np.concatenate(([0.0], np.cumsum(weights[negative])))[misses_up_to]
        counted = hits > 0
        return float(held[counted] @ (hits[counted] / (hits + misses)[counted])) / total

    return average


def _accuracy(table: Floats) -> float:
    return float(np.trace(table) / table.sum())


def _balanced_accuracy(table: Floats) -> float:
    rows = table.sum(axis=1)
    return float((np.diag(table)[rows > 0] / rows[rows > 0]).mean())


def _f1(table: Floats) -> float:
    seen = table.sum(axis=0) + table.sum(axis=1)
    if len(table) == 2:
        return float(2 * table[1, 1] / seen[1]) if seen[1] > 0 else 0.0
    return float((2 * np.diag(table)[seen > 0] / seen[seen > 0]).mean())


def _precision(table: Floats) -> float:
    called = table[:, 1].sum()
    return float(table[1, 1] / called) if called > 0 else 0.0


def _recall(table: Floats) -> float:
    actual = table[1].sum()
    return float(table[1, 1] / actual) if actual > 0 else 0.0


# Regression: from true and predicted values, both `[n]`.
OF_VALUES: Final[dict[str, Callable[[Floats, Floats], Weighted]]] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
# Classification: from true class indices `[n]` and probabilities `[n, C]`.
OF_PROBABILITIES: Final[dict[str, Callable[[Integers, NDArray[Any]], Weighted]]] = {
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "calibration_error": _calibration_error,
}
# Classification: from the weights per true class (row) and predicted class (column).
OF_COUNTS: Final[dict[str, Callable[[Floats], float]]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
}
