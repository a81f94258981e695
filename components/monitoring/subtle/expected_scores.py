"""Scores without labels: the accuracy and ROC AUC that a model's confidence promises on new rows.

Labelled rows that the model was not fitted on say what its confidence is worth (`calibration`). On rows without labels
the calibrated chances then say how many predictions are right, if confidence is still worth the same: whether the
relation of features and target has changed, no row without a label can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.monitoring.subtle.calibration import Calibration, calibrate, log_odds, logistic
from sevenfold.monitoring.subtle.roc_area import roc_area
from sevenfold.scoring.scorer import Prediction

__all__ = ["Confidence", "Estimate", "confidence_of", "estimated", "fit_confidence"]

Floats = NDArray[np.float64]
DRAWS: Final = 200
OUTER: Final = (2.5, 97.5)  # percentiles: the interval holds the true score in 95 % of the cases


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A score that was not measured: it lies between `low` and `high` with a probability of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Confidence:
    """What a model says of n rows: the probability of an event, and whether it predicts it.

    Binary: the event is the positive class. Multiclass: that the predicted class is right, so it is always predicted.
    """

    probabilities: Floats
    predicted: NDArray[np.bool_]
    binary: bool


def confidence_of(signature: Signature, prediction: Prediction) -> Confidence | None:
    """Return the confidence of predictions; None for a regression, which has none."""
    if prediction.probabilities is None or prediction.labels is None:
        return None
    if signature.task is Task.BINARY:
        positive = np.asarray(prediction.labels == signature.classes[1], dtype=np.bool_)
        return Confidence(prediction.probabilities[:, -1].astype(np.float64), positive, binary=True)
    highest = prediction.probabilities.max(axis=1).astype(np.float64)
    return Confidence(highest, np.ones(len(highest), dtype=np.bool_), binary=False)


def fit_confidence(confidence: Confidence, truth: NDArray[Any], predicted: NDArray[Any]) -> Calibration:
    """Calibrate confidence on labelled rows; `truth` and `predicted` are class indices ``[n]``."""
    happened = truth == 1 if confidence.binary else truth == predicted
    return calibrate(confidence.probabilities, np.asarray(happened, dtype=np.bool_))


def estimated(confidence: Confidence, calibration: Calibration, *, seed: int = 7) -> dict[str, Estimate]:
    """Return the accuracy, and for a binary model the ROC AUC, to expect on rows whose labels nobody knows.

    The interval has two parts: other labelled rows would have given another curve, and labels are drawn by chance.
    """
    rng = np.random.default_rng(seed)
    odds = log_odds(confidence.probabilities)
    accuracies, areas = np.empty(DRAWS), np.full(DRAWS, np.nan)
    for draw, (intercept, slope) in enumerate(calibration.drawn(rng, DRAWS)):
        labels = rng.random(len(odds)) < logistic(intercept + slope * odds)
        accuracies[draw] = (labels == confidence.predicted).mean()
        if confidence.binary and 2 <= labels.sum() <= len(labels) - 2:
            areas[draw] = roc_area(odds[labels], odds[~labels])[0]
    estimates = {"accuracy": _estimate(accuracies)}
    known = areas[~np.isnan(areas)]
    if len(known) > DRAWS // 2:
        estimates["roc_auc"] = _estimate(known)
    return estimates


def _estimate(draws: Floats) -> Estimate:
    low, high = np.percentile(draws, OUTER).tolist()
    return Estimate(value=float(draws.mean()), low=low, high=high)
