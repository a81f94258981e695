"""Scores: the metrics of a plan, computed one way in training, tuning and testing.

What each metric means is in `plan.metrics`; how it is computed is in `scoring.formulas`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import METRICS
from sevenfold.scoring.formulas import OF_COUNTS, OF_PROBABILITIES, OF_VALUES, Floats, Integers, Weighted

__all__ = ["predicted_classes", "score", "weighted_score"]


def score(metric: str, truth: NDArray[Any], predicted: NDArray[Any], *, threshold: float = 0.5) -> float:
    """Return one metric of predictions against the truth.

    Args:
        metric: a name in `plan.metrics.METRICS`.
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


def _known(truth: NDArray[Any]) -> NDArray[np.bool_]:
    return ~np.isnan(truth) if truth.dtype.kind == "f" else truth >= 0


def _matched(metric: str, truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    if metric not in METRICS:
        raise ValueError(f"`metric` must be one of {sorted(METRICS)}, but got {metric!r}.")
    tasks = METRICS[metric].tasks
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if metric in OF_VALUES:
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
    if tasks == {Task.BINARY} and predicted.shape[1] != 2:
        raise ValueError(f"{metric} is for two classes, but got {predicted.shape[1]}.")
    if metric not in OF_VALUES and len(truth) and int(truth.max()) >= predicted.shape[1]:
        raise ValueError(
            f"A class index must be below the number of classes {predicted.shape[1]}, but got {truth.max()}."
        )
    return truth, predicted


def _prepared(metric: str, truth: NDArray[Any], predicted: NDArray[Any], threshold: float) -> Weighted:
    if len(truth) == 0 or not np.isfinite(predicted).all():
        return lambda weights: float("nan")
    if metric in OF_VALUES:
        return OF_VALUES[metric](truth, predicted.astype(np.float64))
    if metric in OF_COUNTS:
        return _counted(metric, truth, predicted, threshold)
    return OF_PROBABILITIES[metric](truth, predicted)


def _counted(metric: str, truth: Integers, predicted: NDArray[Any], threshold: float) -> Weighted:
    classes = predicted.shape[1]
    cells = truth * classes + predicted_classes(predicted, threshold=threshold)
    measure = OF_COUNTS[metric]

    def of(weights: Floats) -> float:
        counts = np.bincount(cells, weights=weights, minlength=classes * classes)
        table: Floats = counts.astype(np.float64, copy=False).reshape(classes, classes)
        return measure(table) if table.sum() > 0 else float("nan")

    return of
