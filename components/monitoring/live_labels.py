"""What the labels that came back say of a served bundle, from Prometheus's counters: the verdict of the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.schema import Task
from sevenfold.drift import telemetry
from sevenfold.drift.concept import ConceptVerdict, Labelled, ReferenceScore, concept_verdict
from sevenfold.drift.concept_rules import window_minutes
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.promql import window_increase
from sevenfold.drift.telemetry import Metric
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Finding
from sevenfold.report.format_value import format_score

__all__ = ["LiveLabels", "label_fact", "label_finding", "labels_judged", "live_labels"]

SCORED: Final = {"label": "scored"}


@dataclass(frozen=True)
class LiveLabels:
    """The scored rows of the window, the metric and what it was on the validation rows, and the verdict."""

    rows: int
    metric: str
    before: float
    verdict: ConceptVerdict


def live_labels(
    client: PrometheusClient, bundle: Bundle, section: MonitoringSection, *, namespace: str, model: str, at: float
) -> LiveLabels | None:
    """Return what came back within `feedback_hours` of a moment; None where the bundle's predictors take no labels.

    Raises:
        TemporaryError, MonitoringError: as the client does.
    """
    labels = {"namespace": namespace, "model": model, "bundle": telemetry.bundle_label(bundle.digest)}

    def risen(metric: Metric, more: dict[str, str] | None = None) -> float | None:
        rises = window_increase(selector(metric.name, {**labels, **(more or {})}), window_minutes(section))
        series = client.query(f"sum({rises})", at=at)
        return series[0].value if series else None

    rows = risen(telemetry.FEEDBACK_ROWS, SCORED)
    if rows is None:
        return None
    if bundle.signature.task is Task.REGRESSION:
        window = Labelled(
            rows, squared=risen(telemetry.FEEDBACK_SQUARED) or 0.0, fourth=risen(telemetry.FEEDBACK_FOURTH) or 0.0
        )
    else:
        window = Labelled(rows, correct=risen(telemetry.FEEDBACK_CORRECT) or 0.0)
    return labels_judged(window, bundle, section)


def labels_judged(window: Labelled, bundle: Bundle, section: MonitoringSection) -> LiveLabels:
    """Compare the labels of a window with what the bundle's model was on its validation rows."""
    metric = "rmse" if bundle.signature.task is Task.REGRESSION else "accuracy"
    predicted, before = bundle.reference().prediction, bundle.info.metrics.get(metric, math.nan)
    reference = ReferenceScore(before, 0 if predicted is None else predicted.rows)
    return LiveLabels(round(window.rows), metric, before, concept_verdict(window, reference, section))


def label_fact(live: LiveLabels, section: MonitoringSection) -> Fact:
    """Return the score by labels as a fact of a report."""
    score, drifted = live.verdict.score, live.verdict.drifted
    return Fact(
        label=f"{live.metric} by labels",
        value=round(score, 4) if math.isfinite(score) else None,
        hint=f"{live.rows:,} rows of {section.feedback_hours} hours; {_known(live.before)} on the validation rows",
        level="info" if drifted is None else "warning" if drifted else "good",
    )


def label_finding(live: LiveLabels, section: MonitoringSection) -> Finding | None:
    """Return what calls for attention: a model that has become worse, or labels that say nothing."""
    if live.verdict.drifted:
        text = (
            f"The model has become worse: by the labels that came back its {live.metric} is "
            f"{format_score(live.verdict.score)}, on the validation rows it was {format_score(live.before)}."
        )
        return Finding(level="warning", text=text)
    if live.verdict.drifted is None:
        text = (
            f"It is unknown whether the model is as good as it was: {live.rows:,} labels came back within "
            f"{section.feedback_hours} hours, and a verdict needs {section.min_rows:,} and a score to compare with."
        )
        return Finding(level="info", text=text)
    return None


def _known(score: float) -> str:
    return format_score(score) if math.isfinite(score) else "unknown"
