"""Scores: what every metric of a plan means, computed one way in training, tuning and testing.

=================== ==========================================================================================
`accuracy`          share of rows whose predicted class is the true one
`balanced_accuracy` mean of the recalls of the classes that occur
`f1`                binary: of the positive class; multiclass: mean over the classes that occur or are predicted
`precision`         binary: share of predicted positives that are; 0 where none is predicted
`recall`            binary: share of positives that are predicted
`log_loss`          mean of −log of the probability given to the true class, clipped at the dtype's epsilon
`roc_auc`           binary: chance that a positive row scores above a negative one, ties half (Fawcett 2006);
                    multiclass: mean over the classes that occur, each against the rest
`average_precision` binary: Σ (recall step × precision), without interpolation
`brier`             binary: mean (p − y)²; multiclass: mean of Σ over classes (p − y)² (Brier 1950)
`calibration_error` expected calibration error in ten bins of equal width (Naeini et al. 2015); binary: of the
                    positive class's probability; multiclass: of the top class's (Guo et al. 2017)
`rmse` `mae` `r2`   regression, in the target's own unit; r2 without a unit
=================== ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task

__all__ = ["METRIC_NAMES", "default_metric", "higher_is_better", "predicted_classes", "score", "weighted_score"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Weighted = Callable[[Floats], float]

CALIBRATION_BINS: Final = 10
_LOSSES: Final = frozenset({"log_loss", "brier", "calibration_error", "rmse", "mae"})
_DEFAULTS: Final = {Task.BINARY: "roc_auc", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}


def higher_is_better(metric: str) -> bool:
    """Return whether a larger value of `metric` is a better one.

    Raises:
        ValueError: if `metric` is not one of `METRIC_NAMES`.
    """
    _check_name(metric)
    return metric not in _LOSSES


def default_metric(task: Task | str) -> str:
    """Return the metric that decides where the plan names none: roc_auc, log_loss (multiclass) or rmse."""
    return _DEFAULTS[Task(task)]


def score(metric: str, truth: NDArray[Any], predicted: NDArray[Any], *, threshold: float = 0.5) -> float:
    """Return one metric of predictions against the truth.

    Args:
        metric: one of `METRIC_NAMES`.
        truth: `[n]`; class index (int64, binary: 1 is the positive class) or value (float).
        predicted: probabilities `[n, C]` (binary also `[n]`, of the positive class) or values `[n]`.
        threshold: binary: probability from which the positive class is predicted.

    Rows without a truth (NaN, or a negative class index) are left out. The result is NaN where the metric is
    undefined: no rows, a prediction that is not finite, one class only (roc_auc), no positive row
    (average_precision), a constant truth (r2).

    Raises:
        ValueError: for an unknown metric or shapes that do not match.

    >>> score("roc_auc", np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    truth, predicted = _matched(metric, truth, predicted)
    known = _known(truth)
    if not known.all():
        truth, predicted = truth[known], predicted[known]
    return _prepared(metric, truth, predicted, threshold)(np.ones(len(truth)))


def weighted_score(metric: str, truth: NDArray[Any], predicted: NDArray[Any], *, threshold: float = 0.5) -> Weighted:
    """Return a function from row weights `[n]` (float64, ≥ 0) to the metric of the rows so weighted.

    Sorting and binning are done once, here, so many weightings of the same rows (a bootstrap) are cheap: one pass
    each. A weight of 2 is the row twice, 0 the row not at all. Rows without a truth count as weight 0.

    Raises:
        ValueError: as `score`.
    """
    truth, predicted = _matched(metric, truth, predicted)
    known = _known(truth)
    if known.all():
        return _prepared(metric, truth, predicted, threshold)
    inner = _prepared(metric, truth[known], predicted[known], threshold)
    return lambda weights: inner(weights[known])


def predicted_classes(probabilities: NDArray[Any], *, threshold: float = 0.5) -> Integers:
    """Return the predicted class index `[n]` of probabilities `[n, C]`; with two classes by `threshold`."""
    if probabilities.shape[1] == 2:
        return (probabilities[:, 1] >= threshold).astype(np.int64)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def _check_name(metric: str) -> None:
    if metric not in METRIC_NAMES:
        raise ValueError(f"`metric` must be one of {sorted(METRIC_NAMES)}, but got {metric!r}.")


def _known(truth: NDArray[Any]) -> NDArray[np.bool_]:
    return ~np.isnan(truth) if truth.dtype.kind == "f" else truth >= 0


def _matched(metric: str, truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    _check_name(metric)
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if metric in _VALUES:
        truth = truth.astype(np.float64, copy=False)
        fits = predicted.ndim == 1
    else:
        if truth.dtype.kind == "f":
            truth = np.where(np.isnan(truth), -1, truth)
        truth = truth.astype(np.int64, copy=False)
        if predicted.ndim == 1:
            predicted = np.stack([1 - predicted, predicted], axis=1)
        fits = predicted.ndim == 2
    if truth.ndim != 1 or not fits or len(truth) != len(predicted):
        raise ValueError(
            f"{metric} takes truth [n] and predictions of as many rows, "
            f"but got shapes {truth.shape} and {predicted.shape}."
        )
    if metric in _BINARY_ONLY and predicted.shape[1] != 2:
        raise ValueError(f"{metric} is for two classes, but got {predicted.shape[1]}.")
    if metric not in _VALUES and len(truth) and int(truth.max()) >= predicted.shape[1]:
        raise ValueError(
            f"A class index must be below the number of classes {predicted.shape[1]}, but got {truth.max()}."
        )
    return truth, predicted


def _prepared(metric: str, truth: NDArray[Any], predicted: NDArray[Any], threshold: float) -> Weighted:
    if len(truth) == 0 or not np.isfinite(predicted).all():
        return lambda weights: float("nan")
    if metric in _VALUES:
        return _VALUES[metric](truth, predicted.astype(np.float64))
    if metric in _COUNTED:
        return _counted(metric, truth, predicted, threshold)
    return _PROBABILITIES[metric](truth, predicted)


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


def _calibration_error(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    if predicted.shape[1] == 2:
        confidence, right = predicted[:, 1].astype(np.float64), truth.astype(np.float64)
    else:
        confidence = predicted.max(axis=1).astype(np.float64)
        right = (predicted.argmax(axis=1) == truth).astype(np.float64)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    excess = confidence - right

    def error(weights: Floats) -> float:
        total = float(weights.sum())
        gaps = np.bincount(bins, weights=weights * excess, minlength=CALIBRATION_BINS)
        return float(np.abs(gaps).sum()) / total if total > 0 else float("nan")

    return error


def _roc_auc(truth: Integers, predicted: NDArray[Any]) -> Weighted:
    if predicted.shape[1] == 2:
        return _area(truth == 1, predicted[:, 1])
    areas = [_area(truth == index, predicted[:, index]) for index in range(predicted.shape[1])]

    def mean(weights: Floats) -> float:
        found = [area for area in (of(weights) for of in areas) if not np.isnan(area)]
        return float(np.mean(found)) if found else float("nan")

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


def _counted(metric: str, truth: Integers, predicted: NDArray[Any], threshold: float) -> Weighted:
    classes = predicted.shape[1]
    cells = truth * classes + predicted_classes(predicted, threshold=threshold)
    measure = _COUNTED[metric]

    def of(weights: Floats) -> float:
        counts = np.bincount(cells, weights=weights, minlength=classes * classes)
        table: Floats = counts.astype(np.float64, copy=False).reshape(classes, classes)
        return measure(table) if table.sum() > 0 else float("nan")

    return of


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


_VALUES: Final[dict[str, Callable[[Floats, Floats], Weighted]]] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
_PROBABILITIES: Final[dict[str, Callable[[Integers, NDArray[Any]], Weighted]]] = {
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "calibration_error": _calibration_error,
}
_COUNTED: Final[dict[str, Callable[[Floats], float]]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
}
_BINARY_ONLY: Final = frozenset({"precision", "recall", "average_precision"})
METRIC_NAMES: Final = frozenset({*_VALUES, *_PROBABILITIES, *_COUNTED})
