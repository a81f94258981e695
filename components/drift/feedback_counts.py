"""Count how the predictions of rows compare with their true targets, so that any score over any time is a query.

Every count only grows and adds up over replicas. A binary model's probabilities are counted in the bins of its
reference, whose area under the curve differs from the exact one by at most half of the pairs that share a bin. Of
several classes the probability of each is counted in bins that are the same for every model, `CLASS_BINS`, for the
reference does not know how it is spread: a quarter apart in log odds, from 0.0025 to 0.9975.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.bins import count_bins, interval_names, prediction_values
from sevenfold.drift.telemetry import FEEDBACK_LABELS
from sevenfold.scoring.request_labels import Truth
from sevenfold.scoring.scorer import Prediction
from sevenfold.scoring.scores import score

__all__ = ["CLASS_BINS", "FAR", "FeedbackCounter"]

FAR: Final = 1_000.0  # times the reference's RMSE: an error beyond it counts as that
MAX_CLASSES: Final = 10  # of the confusion: every pair is a series
EDGES: Final = tuple((1 / (1 + np.exp(-np.arange(-6, 6.25, 0.25)))).tolist())
CLASS_BINS: Final = FeatureBins(kind="number", edges=EDGES, names=(*interval_names(EDGES), "missing"), counts=())
LARGEST: Final = 1e60  # of an error, where the reference has no RMSE: its fourth power is finite


class FeedbackCounter:
    """What was fed back about one model since it was loaded.

    Args:
        signature: the model's.
        reference: the bins of its predictions.
        rmse: of a regression, on its validation rows; 0 where it is not known. It bounds what one row may add, since a
            sum that has once taken in a huge error no longer notices small ones.

    `rows` counts by what became of a label (`telemetry.FEEDBACK_LABELS`). `confusion` has true classes as rows, and is
    None above ten classes; `bins` (`[2, bins]`) has the negative rows first, and so has `class_bins`
    (`[2, classes, bins]`), where a row is negative for every class but its own. It is empty but for three to ten
    classes. `log_loss` and `brier` are sums over the
    scored rows, of what `plan.metrics` names so.
    """

    def __init__(self, signature: Signature, reference: Reference, *, rmse: float = 0.0) -> None:
        self.signature = signature
        self.rows = dict.fromkeys(FEEDBACK_LABELS, 0)
        self.correct = 0
        self.absolute = self.squared = self.fourth = 0.0
        self.log_loss = self.brier = 0.0
        count = len(signature.classes)
        self.confusion = np.zeros((count, count), dtype=np.int64) if 0 < count <= MAX_CLASSES else None
        binary = signature.task is Task.BINARY and reference.prediction is not None
        self.prediction_bins: FeatureBins | None = reference.prediction if binary else None
        self.bins = np.zeros((2, len(self.bin_names)), dtype=np.int64)
        counted = count if self.confusion is not None and signature.task is Task.MULTICLASS else 0
        self.class_bins = np.zeros((2, counted, len(CLASS_BINS.names) - 1), dtype=np.int64)
        self._index = {name: position for position, name in enumerate(signature.classes)}
        self._largest = FAR * rmse if rmse > 0 and math.isfinite(rmse) else LARGEST

    @property
    def bin_names(self) -> tuple[str, ...]:
        """The bins of the probability, in ascending order."""
        return () if self.prediction_bins is None else self.prediction_bins.names[:-1]  # the last is for missing values

    @property
    def below(self) -> NDArray[np.float64]:
        """For each bin the negative rows in the bins below, and half of its own: how many a positive row outranks."""
        return _below(self.bins[0])

    @property
    def class_below(self) -> NDArray[np.float64]:
        """The same of each class, ``[classes, bins]``."""
        return _below(self.class_bins[0])

    def observe(self, prediction: Prediction, truth: Truth) -> None:
        """Count rows: the model's predictions of all of them, and what is known of each."""
        counted = (int(np.count_nonzero(truth.scored)), truth.missing, truth.unknown, truth.left_out)
        for label, count in zip(FEEDBACK_LABELS, counted, strict=True):
            self.rows[label] += count
        if prediction.values is not None:
            self._count_errors(prediction.values[truth.scored] - truth.values)
        elif prediction.labels is not None:
            self._count_classes(prediction, truth)

    def _count_errors(self, errors: NDArray[np.float64]) -> None:
        sizes = np.minimum(np.abs(errors), self._largest)
        self.absolute += float(sizes.sum())
        self.squared += float((sizes**2).sum())
        self.fourth += float((sizes**4).sum())

    def _count_classes(self, prediction: Prediction, truth: Truth) -> None:
        labels = [] if prediction.labels is None else prediction.labels[truth.scored].tolist()
        predicted = np.array([self._index[label] for label in labels], dtype=np.int64)
        self.correct += int(np.count_nonzero(predicted == truth.values))
        if self.confusion is not None:
            np.add.at(self.confusion, (truth.values, predicted), 1)
        if prediction.probabilities is not None and len(predicted):
            given = prediction.probabilities[truth.scored]
            self.log_loss += len(given) * score("log_loss", truth.values, given)
            self.brier += len(given) * score("brier", truth.values, given)
        if self.prediction_bins is not None:
            probabilities = prediction_values(self.signature, prediction)[truth.scored]
            for outcome in (0, 1):
                counts = count_bins(self.prediction_bins, probabilities[truth.values == outcome])
                self.bins[outcome] += counts[:-1]
        if prediction.probabilities is not None:
            given = prediction.probabilities[truth.scored]
            for number in range(self.class_bins.shape[1]):
                for outcome in (0, 1):
                    chosen = (truth.values == number) == bool(outcome)
                    self.class_bins[outcome, number] += count_bins(CLASS_BINS, given[chosen, number])[:-1]


def _below(negatives: NDArray[np.int64]) -> NDArray[np.float64]:
    ranked: NDArray[np.float64] = np.cumsum(negatives, axis=-1) - negatives / 2
    return ranked
