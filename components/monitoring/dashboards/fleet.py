"""The fleet: every model at a glance, its traffic, errors, latency, drift and last promotion."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.promql import FEATURE, PREDICTIONS
from sevenfold.monitoring.dashboards.choices import NAMESPACE, model
from sevenfold.monitoring.dashboards.events import EVENTS
from sevenfold.monitoring.dashboards.panel import Board, Column, Panel, Query, Step, Word, figure, lines
from sevenfold.monitoring.dashboards.queries import ALERTING, chosen, failed_share, latency, rate, requests
from sevenfold.monitoring.retrain.metrics import DECIDED

__all__ = ["DRIFT_WORDS", "FLEET", "fleet"]

FLEET: Final = "sevenfold-fleet"
DRIFT_WORDS: Final = (
    Word(0, "as in training", "green"),
    Word(1, "drifted", "red"),
    Word(None, "unknown", "text"),
)
_MODEL = "namespace, model"
_UNKNOWN = (Word(None, "unknown", "text"),)
_MOVED = f"sum by ({_MODEL}) (max by ({_MODEL}, feature) ({chosen(FEATURE.name('drifted'))}))"
_PREDICTED = f"max by ({_MODEL}) ({chosen(PREDICTIONS.name('drifted'))})"
_SERVED = f"group by ({_MODEL}) ({chosen(telemetry.READY)})"
_PROMOTED = f'max by (model) ({DECIDED}{{reason="promoted"}}) * 1000'
_SEEN = f"min by ({_MODEL}) (min_over_time(timestamp({chosen(telemetry.BUNDLE_INFO)})[7d:10m])) * 1000"


def fleet(name: str = "") -> Board:
    """Return the dashboard of all models; it opens on the model `name`, or on all for ""."""
    return Board(
        uid=FLEET,
        title="Sevenfold: fleet",
        description="Every model that serves: traffic, errors, latency, drift and promotions.",
        variables=(NAMESPACE, model(name)),
        annotations=EVENTS,
        panels=(*_figures(), _table(), *_over_time()),
    )


def _figures() -> tuple[Panel, ...]:
    ready = f"sum(max by ({_MODEL}) ({chosen(telemetry.READY)}))"
    every = f"count(max by ({_MODEL}) ({chosen(telemetry.READY)}))"
    firing, watched = f"count(ALERTS{{{ALERTING}}})", 'count(ALERTS{alertname="SevenfoldWatchdog"}) * 0'
    return (
        figure("Models watched", "Models of which Prometheus scrapes a predictor.", every),
        figure("Ready", "Models with a predictor that is ready.", ready),
        figure(
            "Alerts",
            "Alerts of Sevenfold that fire. Empty, not 0, where the watchdog is silent: then nobody looks.",
            f"{firing} or {watched}",
            Step("green"),
            Step("red", 1),
        ),
        figure("Requests", "Prediction requests a second, of all models.", requests(""), unit="reqps"),
        figure(
            "Failed share",
            "Share of all requests that got a 5xx.",
            failed_share(""),
            Step("green"),
            Step("red", 0.01),
            unit="percentunit",
        ),
        figure(
            "Models that drifted",
            "Models of which at least one feature drifted in the last window. Empty means that no model has a verdict.",
            f"count({_MOVED} > 0) or count({_MOVED}) * 0",
            Step("green"),
            Step("red", 1),
        ),
    )


def _table() -> Panel:
    loop = f"{_SERVED} + on (model) group_left () ({_PROMOTED}) - 1"
    columns = (
        Column(field="model", title="Model", board="sevenfold-model"),
        Column(field="namespace", title="Namespace"),
        Column(field="Value #A", title="Requests", unit="reqps"),
        Column(field="Value #B", title="Failed", unit="percentunit", steps=(Step("text"), Step("red", 0.01))),
        Column(field="Value #C", title="99th percentile", unit="s"),
        Column(
            field="Value #D",
            title="Features that drifted",
            unit="none",
            steps=(Step("green"), Step("red", 1)),
            words=_UNKNOWN,
        ),
        Column(field="Value #E", title="Predictions", unit="none", words=DRIFT_WORDS),
        Column(field="Value #F", title="First seen", unit="dateTimeFromNow"),
        Column(field="Value #G", title="Promoted by the loop", unit="dateTimeFromNow"),
    )
    asked = (requests(_MODEL), failed_share(_MODEL), latency(0.99, _MODEL), _MOVED, _PREDICTED, _SEEN, loop)
    return Panel(
        title="Models",
        description="One row per model, with a link to it. Unknown drift means too few rows in the last window, or "
        "nothing scraped. First seen looks back seven days at most; a promotion by the loop needs the receiver's "
        "metrics.",
        unit="none",
        queries=tuple(Query(expression=expression, instant=True) for expression in asked),
        kind="table",
        width=24,
        height=8,
        columns=columns,
    )


def _over_time() -> tuple[Panel, ...]:
    of_model = "{{model}} in {{namespace}}"
    return (
        lines("Requests by model", "Prediction requests a second.", "reqps", (requests(_MODEL), of_model)),
        lines(
            "Failed share by model",
            "Share of the requests that got a 5xx.",
            "percentunit",
            (failed_share(_MODEL), of_model),
        ),
        lines(
            "99th percentile by model",
            "Seconds within which 99 in 100 requests are answered.",
            "s",
            (latency(0.99, _MODEL), of_model),
        ),
        lines(
            "Rows by model",
            "Rows predicted a second; one request may carry many.",
            "rowsps",
            (rate(telemetry.PREDICTIONS, _MODEL), of_model),
        ),
        Panel(
            title="Drift by model",
            description="Whether any feature drifted in the window that ended then. A gap means that nobody knows.",
            unit="none",
            queries=(Query(expression=f"max by ({_MODEL}) ({chosen(FEATURE.name('drifted'))})", legend=of_model),),
            kind="status-history",
            width=24,
            height=6,
            words=DRIFT_WORDS,
            interval="15m",
        ),
    )
