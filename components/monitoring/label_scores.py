"""The scores of rows whose labels came back, from counters: what `drift.concept_rules` records, in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.counters import Samples
from sevenfold.drift.telemetry import Metric

__all__ = ["FEEDBACK", "LabelCounts", "recalls_of", "rows_of", "scores_of"]

LabelCounts = Mapping[str, Samples]  # by the name of a metric
FEEDBACK: Final = tuple(metric for metric in telemetry.METRICS if metric.name.startswith("sevenfold_feedback_"))
_PER_ROW: Final = {
    "accuracy": telemetry.FEEDBACK_CORRECT,
    "log_loss": telemetry.FEEDBACK_LOG_LOSS,
    "brier": telemetry.FEEDBACK_BRIER,
    "mae": telemetry.FEEDBACK_ABSOLUTE,
}


def rows_of(counts: LabelCounts) -> float:
    """Return the scored rows."""
    return counts.get(telemetry.FEEDBACK_ROWS.name, {}).get(("scored",), 0.0)


def scores_of(counts: LabelCounts) -> dict[str, float]:
    """Return the scores of counted rows by the names of the rules: ``accuracy``, ``roc_auc``, ``rmse`` and so on.

    A score that is not defined, such as the area under the ROC curve of rows of one class, is left out.

    >>> scores_of({"sevenfold_feedback_rows_total": {("scored",): 4.0}, "sevenfold_feedback_correct_total": {(): 3.0}})
    {'accuracy': 0.75}
    """
    rows = rows_of(counts)
    if rows <= 0:
        return {}
    found = {name: _sum(counts, metric) / rows for name, metric in _PER_ROW.items() if counts.get(metric.name)}
    if counts.get(telemetry.FEEDBACK_SQUARED.name):
        found["rmse"] = math.sqrt(_sum(counts, telemetry.FEEDBACK_SQUARED) / rows)
    recalls = recalls_of(counts)
    if recalls:
        found["balanced_accuracy"] = math.fsum(recalls.values()) / len(recalls)
    area = _area(counts)
    return found if area is None else {**found, "roc_auc": area}


def recalls_of(counts: LabelCounts) -> dict[str, float]:
    """Return the share of each true class's rows that were predicted as it; a class without rows is left out."""
    right, total = defaultdict[str, float](float), defaultdict[str, float](float)
    for (predicted, true), count in counts.get(telemetry.FEEDBACK_CONFUSION.name, {}).items():
        total[true] += count
        right[true] += count if predicted == true else 0.0
    return {true: right[true] / count for true, count in total.items() if count > 0}


def _area(counts: LabelCounts) -> float | None:
    """Return the area under the ROC curve: of two classes, or the mean of each class against all others."""
    positives, negatives = _sum(counts, telemetry.FEEDBACK_POSITIVES), _sum(counts, telemetry.FEEDBACK_NEGATIVES)
    if positives * negatives > 0:
        won = _product(counts, telemetry.FEEDBACK_POSITIVES, telemetry.FEEDBACK_BELOW)
        return math.fsum(won.values()) / (positives * negatives)
    rows = defaultdict[str, float](float)
    for (_, name), count in counts.get(telemetry.FEEDBACK_CLASS_POSITIVES.name, {}).items():
        rows[name] += count
    won_by_class = defaultdict[str, float](float)
    products = _product(counts, telemetry.FEEDBACK_CLASS_POSITIVES, telemetry.FEEDBACK_CLASS_BELOW)
    for (_, name), product in products.items():
        won_by_class[name] += product
    total = sum(rows.values())
    areas = [won_by_class[name] / (own * (total - own)) for name, own in rows.items() if own * (total - own) > 0]
    return math.fsum(areas) / len(areas) if areas else None


def _product(counts: LabelCounts, one: Metric, other: Metric) -> dict[tuple[str, ...], float]:
    factors = counts.get(other.name, {})
    return {labels: count * factors.get(labels, 0.0) for labels, count in counts.get(one.name, {}).items()}


def _sum(counts: LabelCounts, metric: Metric) -> float:
    return math.fsum(counts.get(metric.name, {}).values())
