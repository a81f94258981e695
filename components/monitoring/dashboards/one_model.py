"""One model: its requests, the drift of what it is asked and of what it answers, and how right it was."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.concept_rules import recorded_name
from sevenfold.drift.promql import FEATURE, PREDICTIONS
from sevenfold.monitoring.dashboards.choices import NAMESPACE, model
from sevenfold.monitoring.dashboards.events import EVENTS
from sevenfold.monitoring.dashboards.panel import Board, Column, Panel, Query, Step, lines
from sevenfold.monitoring.dashboards.queries import chosen, failed_share, latency, rate, requests

__all__ = ["MODEL", "PSI_STEPS", "one_model"]

MODEL: Final = "sevenfold-model"
PSI_STEPS: Final = (Step("green"), Step("yellow", 0.05), Step("orange", 0.1), Step("red", 0.25))


def one_model(name: str = "") -> Board:
    """Return the dashboard of one model; it opens on the model `name`, or on all for ""."""
    return Board(
        uid=MODEL,
        title="Sevenfold: one model",
        description="Traffic, drift, predictions and labels of the chosen model.",
        variables=(NAMESPACE, model(name)),
        annotations=EVENTS,
        panels=(*_traffic(), *_drift(), *_odd(), *_labels(), _serving()),
    )


def _traffic() -> tuple[Panel, ...]:
    return (
        lines(
            "Requests",
            "Prediction requests a second, by the status they were answered with. 499 is a client that left.",
            "reqps",
            (requests("code"), "{{code}}"),
        ),
        lines(
            "Failed share",
            "Share of the requests that got a 5xx. The alert's limit is deployment.service_level.error_rate.",
            "percentunit",
            (failed_share(""), "5xx"),
        ),
        lines(
            "Latency",
            "Seconds from a request's headers to its answer, of half the requests and of 99 in 100.",
            "s",
            (latency(0.5), "median"),
            (latency(0.99), "99th percentile"),
        ),
        lines(
            "Rows predicted",
            "Rows a second; one request may carry many.",
            "rowsps",
            (rate(telemetry.PREDICTIONS, ""), "rows"),
        ),
    )


def _drift() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Drift per feature (PSI)",
            description="How far the last window is from training, for each watched feature: 0 is no change, and 0.1 "
            "counts as drift where it is significant too. Empty means too few rows, or nothing scraped.",
            unit="none",
            queries=(Query(expression=f"max by (feature) ({chosen(FEATURE.name('psi'))})", legend="{{feature}}"),),
            kind="status-history",
            height=10,
            steps=PSI_STEPS,
            interval="15m",
        ),
        lines(
            "What is predicted",
            "Share of each bin of the predictions in the last window. See whether an outcome is gone.",
            "percentunit",
            (f"avg by (bin) ({chosen(PREDICTIONS.name('bin_share'))})", "{{bin}}"),
            height=10,
            stacked=True,
        ),
        lines(
            "Drift of the predictions (PSI)",
            "How far the predictions of the last window are from those of the reference.",
            "none",
            (f"max by (model, bundle) ({chosen(PREDICTIONS.name('psi'))})", "{{model}} {{bundle}}"),
            minimum=None,
            steps=(Step("transparent"), Step("red", 0.1)),
        ),
        lines(
            "Features that drifted",
            "How many features drifted in the last window. A gap means that nobody knows.",
            "none",
            (f"sum(max by (namespace, model, feature) ({chosen(FEATURE.name('drifted'))}))", "features"),
        ),
    )


def _odd() -> tuple[Panel, ...]:
    return (
        lines(
            "Odd values",
            "Values a second outside all that training saw: numbers beyond its range, categories it never had.",
            "cps",
            (rate(telemetry.OUT_OF_RANGE, ""), "out of range"),
            (rate(telemetry.UNKNOWN_CATEGORIES, ""), "unknown category"),
        ),
        lines(
            "Trouble",
            "Requests a second that computed NaN or infinity, those turned away because too many waited, "
            "and fields that the model does not know.",
            "cps",
            (rate(telemetry.NONFINITE, ""), "not finite"),
            (rate(telemetry.SHED, ""), "turned away"),
            (rate(telemetry.EXTRA_FIELDS, ""), "unknown fields"),
        ),
    )


def _labels() -> tuple[Panel, ...]:
    return (
        lines(
            "Score by labels that came back",
            "How many of the rows with a label were predicted right, the mean of that over the classes, and the area "
            "under the ROC curve (of more than two classes, the mean over each against all others), over "
            "monitoring.feedback_hours. Empty means that no labels came, or none of a classifier.",
            "percentunit",
            *map(_by_labels, ("accuracy", "balanced_accuracy", "roc_auc")),
        ),
        lines(
            "Probabilities by labels that came back",
            "Log loss and Brier score of the rows with a label, over monitoring.feedback_hours: the smaller, the "
            "better. Empty means that no labels came, or none of a classifier.",
            "none",
            *map(_by_labels, ("log_loss", "brier")),
        ),
        lines(
            "Recall by class, by labels that came back",
            "Share of the rows of each true class that were predicted as it, over monitoring.feedback_hours; of models "
            "with at most ten classes.",
            "percentunit",
            (
                f"max by (model, bundle, true) ({chosen(recorded_name('recall'))})",
                "{{true}} of {{model}} {{bundle}}",
            ),
        ),
        lines(
            "Error by labels that came back",
            "RMSE and mean absolute error of the rows with a label, in the target's unit, over "
            "monitoring.feedback_hours. Empty means that no labels came, or none of a regression.",
            "none",
            *map(_by_labels, ("rmse", "mae")),
        ),
    )


def _by_labels(score: str) -> tuple[str, str]:
    """Return the query of a score by labels that were fed back: each version of a model is a line of its own."""
    return f"max by (model, bundle) ({chosen(recorded_name(score))})", f"{score} of {{{{model}}}} {{{{bundle}}}}"


def _serving() -> Panel:
    by = "namespace, model, bundle, digest, task, framework, package_version"
    names = ("model", "namespace", "bundle", "task", "framework", "package_version")
    titles = ("Model", "Namespace", "Bundle", "Task", "Framework", "Sevenfold")
    return Panel(
        title="Serving",
        description="Which bundle answers, by its digest. Two rows of one model are a canary beside the stable "
        "version.",
        unit="none",
        queries=(Query(expression=f"count by ({by}) ({chosen(telemetry.BUNDLE_INFO)})", instant=True),),
        kind="table",
        width=24,
        height=6,
        columns=(
            *(Column(field=name, title=title) for name, title in zip(names, titles, strict=True)),
            Column(field="Value", title="Replicas", unit="none"),
            Column(field="digest", title="Digest"),
        ),
    )
