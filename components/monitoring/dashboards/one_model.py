"""One model: its requests, the drift of what it is asked and of what it answers, and how right it was."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.concept_rules import recorded_name
from sevenfold.drift.promql import FEATURE, PREDICTIONS
from sevenfold.monitoring.dashboards.choices import NAMESPACE, model
from sevenfold.monitoring.dashboards.events import EVENTS
from sevenfold.monitoring.dashboards.panel import Board, Column, Panel, Query, Step
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
        Panel(
            title="Requests",
            description="Prediction requests a second, by the status they were answered with. 499 is a client that "
            "left.",
            unit="reqps",
            queries=(Query(expression=requests("code"), legend="{{code}}"),),
        ),
        Panel(
            title="Failed share",
            description="Share of the requests that got a 5xx. The alert's limit is "
            "deployment.service_level.error_rate.",
            unit="percentunit",
            queries=(Query(expression=failed_share(""), legend="5xx"),),
        ),
        Panel(
            title="Latency",
            description="Seconds from a request's headers to its answer, of half the requests and of 99 in 100.",
            unit="s",
            queries=(
                Query(expression=latency(0.5), legend="median"),
                Query(expression=latency(0.99), legend="99th percentile"),
            ),
        ),
        Panel(
            title="Rows predicted",
            description="Rows a second; one request may carry many.",
            unit="rowsps",
            queries=(Query(expression=rate(telemetry.PREDICTIONS, ""), legend="rows"),),
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
        Panel(
            title="What is predicted",
            description="Share of each bin of the predictions in the last window. See whether an outcome is gone.",
            unit="percentunit",
            queries=(Query(expression=f"avg by (bin) ({chosen(PREDICTIONS.name('bin_share'))})", legend="{{bin}}"),),
            height=10,
            stacked=True,
        ),
        Panel(
            title="Drift of the predictions (PSI)",
            description="How far the predictions of the last window are from those of the reference.",
            unit="none",
            queries=(
                Query(
                    expression=f"max by (model, bundle) ({chosen(PREDICTIONS.name('psi'))})",
                    legend="{{model}} {{bundle}}",
                ),
            ),
            minimum=None,
            steps=(Step("transparent"), Step("red", 0.1)),
        ),
        Panel(
            title="Features that drifted",
            description="How many features drifted in the last window. A gap means that nobody knows.",
            unit="none",
            queries=(
                Query(
                    expression=f"sum(max by (namespace, model, feature) ({chosen(FEATURE.name('drifted'))}))",
                    legend="features",
                ),
            ),
        ),
    )


def _odd() -> tuple[Panel, ...]:
    def each(*metrics: tuple[telemetry.Metric, str]) -> tuple[Query, ...]:
        return tuple(Query(expression=rate(metric, ""), legend=legend) for metric, legend in metrics)

    return (
        Panel(
            title="Odd values",
            description="Values a second outside all that training saw: numbers beyond its range, categories it never "
            "had.",
            unit="cps",
            queries=each((telemetry.OUT_OF_RANGE, "out of range"), (telemetry.UNKNOWN_CATEGORIES, "unknown category")),
        ),
        Panel(
            title="Trouble",
            description="Requests a second that computed NaN or infinity, those turned away because too many waited, "
            "and fields that the model does not know.",
            unit="cps",
            queries=each(
                (telemetry.NONFINITE, "not finite"),
                (telemetry.SHED, "turned away"),
                (telemetry.EXTRA_FIELDS, "unknown fields"),
            ),
        ),
    )


def _labels() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Score by labels that came back",
            description="How many of the rows with a label were predicted right, and the area under the ROC curve, "
            "over monitoring.feedback_hours. Empty means that no labels came, or none of a classifier.",
            unit="percentunit",
            queries=_by_labels("accuracy", "roc_auc"),
        ),
        Panel(
            title="Error by labels that came back",
            description="RMSE and mean absolute error of the rows with a label, in the target's unit, over "
            "monitoring.feedback_hours. Empty means that no labels came, or none of a regression.",
            unit="none",
            queries=_by_labels("rmse", "mae"),
        ),
    )


def _by_labels(*scores: str) -> tuple[Query, ...]:
    """Return a query per score of the labels that were fed back: each version of a model is a line of its own."""
    return tuple(
        Query(
            expression=f"max by (model, bundle) ({chosen(recorded_name(score))})",
            legend=f"{score} of {{{{model}}}} {{{{bundle}}}}",
        )
        for score in scores
    )


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
