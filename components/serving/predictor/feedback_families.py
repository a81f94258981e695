"""The series about labels that were fed back: there only where the port for them is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Task
from sevenfold.drift import telemetry
from sevenfold.drift.feedback_counts import CLASS_BINS
from sevenfold.serving.predictor.families import many, one

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

    from sevenfold.drift.feedback_counts import FeedbackCounter
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["feedback_families"]

BINNED: Final = (telemetry.FEEDBACK_NEGATIVES, telemetry.FEEDBACK_POSITIVES, telemetry.FEEDBACK_BELOW)
BY_CLASS: Final = (telemetry.FEEDBACK_CLASS_POSITIVES, telemetry.FEEDBACK_CLASS_BELOW)
# the reference's scores that labels fed back can repeat
COMPARED: Final = ("accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier", "rmse", "mae")


def feedback_families(base: list[str], model: ServedModel, feedback: FeedbackCounter) -> Iterator[Family]:
    """Yield what was fed back about a model, after the labels `base` that all its series have."""
    yield many(telemetry.FEEDBACK_ROWS, [([*base, label], count) for label, count in feedback.rows.items()])
    scores = [([*base, name], model.info.metrics[name]) for name in COMPARED if name in model.info.metrics]
    yield many(telemetry.REFERENCE_SCORE, scores)
    reference = model.reference.prediction
    yield one(telemetry.REFERENCE_SCORE_ROWS, base, 0 if reference is None else reference.rows)
    if model.signature.task is Task.REGRESSION:
        yield one(telemetry.FEEDBACK_ABSOLUTE, base, feedback.absolute)
        yield one(telemetry.FEEDBACK_SQUARED, base, feedback.squared)
        yield one(telemetry.FEEDBACK_FOURTH, base, feedback.fourth)
    else:
        yield one(telemetry.FEEDBACK_CORRECT, base, feedback.correct)
        yield one(telemetry.FEEDBACK_LOG_LOSS, base, feedback.log_loss)
        yield one(telemetry.FEEDBACK_BRIER, base, feedback.brier)
        yield from _classes(base, model.signature.classes, feedback)


def _classes(base: list[str], classes: tuple[str, ...], feedback: FeedbackCounter) -> Iterator[Family]:
    if feedback.confusion is not None:
        cells = [
            ([*base, predicted, true], count)
            for true, row in zip(classes, feedback.confusion.tolist(), strict=True)
            for predicted, count in zip(classes, row, strict=True)
        ]
        yield many(telemetry.FEEDBACK_CONFUSION, cells)
    if feedback.class_bins.size:
        for metric, table in zip(BY_CLASS, (feedback.class_bins[1], feedback.class_below), strict=True):
            ranked = zip(classes, table.tolist(), strict=True)
            pairs = ((label, pair) for label, row in ranked for pair in zip(CLASS_BINS.names[:-1], row, strict=True))
            yield many(metric, [([*base, name, label], count) for label, (name, count) in pairs])
    names = feedback.bin_names
    if names:
        counts = (*feedback.bins, feedback.below)
        for metric, values in zip(BINNED, counts, strict=True):
            counted = zip(names, values.tolist(), strict=True)
            yield many(metric, [([*base, name], count) for name, count in counted])
