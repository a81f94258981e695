"""How far the ROC AUC from binned probabilities lies from the one of the rows themselves: by simulation.

A model of several classes sees one number per class: standard normal, and higher by `strength` for the true class. It
answers the true odds of each class to a power, `sharpness`: 1 is a calibrated model, and more one that is too sure. The
bins are the predictor's own, as labels that are fed back are counted in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.bins import with_prediction
from sevenfold.drift.concept import binned_auc, binned_ovr_auc
from sevenfold.drift.feedback_counts import FeedbackCounter
from sevenfold.scoring.request_labels import Truth
from sevenfold.scoring.scorer import Prediction

__all__ = ["Model", "areas", "models", "scored"]

STRENGTHS: Final = (0.1, 4.0)  # areas of about 0.53, and above 0.99
SHARPNESSES: Final = (0.5, 2.0)
EVEN: Final = 5.0  # of the Dirichlet distribution of the classes' shares: their deviation is half their mean or less


@dataclass(frozen=True)
class Model:
    """A simulated model: the shares of its classes, how well it tells them apart, and how sure it is of that."""

    shares: tuple[float, ...]
    strength: float
    sharpness: float


def models(count: int, classes: int, rng: np.random.Generator) -> Iterator[Model]:
    """Draw models of some classes: strength and sharpness evenly over their logarithms."""
    for _ in range(count):
        strength, sharpness = (float(np.exp(rng.uniform(*np.log(ends)))) for ends in (STRENGTHS, SHARPNESSES))
        yield Model(tuple(rng.dirichlet([EVEN] * classes).tolist()), strength, sharpness)


def scored(model: Model, rows: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the true classes of rows, ``[rows]``, and the model's probabilities, ``[rows, classes]``."""
    classes = len(model.shares)
    truth = rng.choice(classes, rows, p=model.shares)
    seen = rng.normal(size=(rows, classes)) + model.strength * np.eye(classes)[truth]
    odds = model.sharpness * (model.strength * seen + np.log(model.shares))
    powers = np.exp(odds - odds.max(axis=1, keepdims=True))
    return truth, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def areas(model: Model, rows: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the ROC AUC of rows from the predictor's bins, and scikit-learn's: of several classes the means.

    Of two classes the bins are those of the reference: the tenths of the probabilities of other rows.
    """
    from sklearn.metrics import roc_auc_score

    classes = len(model.shares)
    names = tuple(f"c{number}" for number in range(classes))
    signature = Signature(task=Task.BINARY if classes == 2 else Task.MULTICLASS, target="y", classes=names, inputs={})
    truth, probabilities = scored(model, rows, rng)
    reference = Reference(rows=rows, features={})
    if classes == 2:
        reference = with_prediction(reference, signature, _prediction(names, scored(model, rows, rng)[1]))
    counter = FeedbackCounter(signature, reference)
    counter.observe(_prediction(names, probabilities), Truth(scored=np.ones(rows, dtype=np.bool_), values=truth))
    if classes == 2:
        negatives, positives = counter.bins.astype(np.float64)
        return binned_auc(positives, negatives), float(roc_auc_score(truth, probabilities[:, 1]))
    negatives, positives = counter.class_bins.astype(np.float64)
    sides = [probabilities[:, number] for number in range(classes)]
    exact = [float(roc_auc_score(truth == number, side)) for number, side in enumerate(sides)]
    return binned_ovr_auc(positives, negatives), float(np.mean(exact))


def _prediction(names: tuple[str, ...], probabilities: NDArray[np.float32]) -> Prediction:
    labels = np.array(names, dtype=object)[probabilities.argmax(axis=1)]
    return Prediction(labels=labels, probabilities=probabilities)
