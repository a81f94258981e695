"""The Grafana dashboard: requests, errors, latency, drift per feature and predictions."""

from __future__ import annotations

from typing import Any

from sevenfold.drift import telemetry
from sevenfold.drift.concept_rules import recorded_name
from sevenfold.drift.promql import FEATURE, PREDICTIONS

__all__ = ["build_dashboard"]

SELECTOR = '{namespace=~"$namespace", model=~"$model"}'
SOURCE = {"type": "prometheus", "uid": "${source}"}
RATE = "[$__rate_interval]"
DESCRIPTIONS = {
    "Requests": "Prediction requests a second, by the status they were answered with. 499 is a client that left.",
    "Failed share": "Share of the requests that got a 5xx. The alert's limit is deployment.service_level.error_rate.",
    "Latency": "Seconds from a request's headers to its answer, of half the requests and of 99 in 100.",
    "Rows predicted": "Rows a second; one request may carry many.",
    "Drift per feature (PSI)": "How far the last window is from training, for each watched feature: 0 is no change, "
    "and 0.1 counts as drift where it is significant too. Empty means too few rows, or nothing scraped.",
    "What is predicted": "Share of each bin of the predictions in the last window. See whether an outcome is gone.",
    "Drift of the predictions (PSI)": "How far the predictions of the last window are from those of the reference.",
    "Odd values": "Values a second outside all that training saw: numbers beyond its range, categories it never had.",
    "Trouble": "Requests a second that computed NaN or infinity, and those turned away because too many waited.",
    "Score by labels that came back": "How many of the rows with a label were predicted right, and the area under the "
    "ROC curve, over monitoring.feedback_hours. Empty means that no labels came, or none of a classifier.",
    "Error by labels that came back": "RMSE and mean absolute error of the rows with a label, in the target's unit, by "
    "windows of monitoring.feedback_hours. Empty means that no labels came, or none of a regression.",
    "Serving": "Which bundle answers, by its digest. Two rows of one model are a canary beside the stable version.",
}
PALETTE = [("green", None), ("yellow", 0.05), ("orange", 0.1), ("red", 0.25)]


def build_dashboard(name: str) -> dict[str, Any]:
    """Return a dashboard whose variables choose data source, namespace and model; it opens on the model `name`.

    Import it in Grafana (schema 39, Grafana 10 or newer), or mount it where the dashboard sidecar looks.
    """
    return {
        "title": "Sevenfold: models in service",
        "uid": "sevenfold-models",
        "tags": ["sevenfold"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": _variables(name)},
        "panels": _panels(),
    }


def _variables(name: str) -> list[dict[str, Any]]:
    def label(key: str, current: str, query: str) -> dict[str, Any]:
        return {
            "name": key,
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": query, "refId": key},
            "refresh": 2,
            "includeAll": True,
            "allValue": ".*",
            "multi": True,
            "current": {"text": current or "All", "value": current or "$__all"},
        }

    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "data source"}
    return [
        source,
        label("namespace", "", f"label_values({telemetry.READY}, namespace)"),
        label("model", name, f'label_values({telemetry.READY}{{namespace=~"$namespace"}}, model)'),
    ]


def _panels() -> list[dict[str, Any]]:
    codes = f"sum by (code) (rate({telemetry.REQUESTS}{SELECTOR}{RATE}))"
    failed = f'sum(rate({telemetry.REQUESTS}{SELECTOR[:-1]}, code=~"5.."}}{RATE}))'
    every = f"sum(rate({telemetry.REQUESTS}{SELECTOR}{RATE}))"
    buckets = f"sum by (le) (rate({telemetry.REQUEST_SECONDS}_bucket{SELECTOR}{RATE}))"
    quantiles = [(f"histogram_quantile({q}, {buckets})", name) for q, name in ((0.5, "median"), (0.99, "99th"))]
    drift = f"max by (feature) ({FEATURE.name('psi')}{SELECTOR})"
    shares = f"avg by (bin) ({PREDICTIONS.name('bin_share')}{SELECTOR})"
    moved = f"max by (model) ({PREDICTIONS.name('psi')}{SELECTOR})"
    serving = f"max by (namespace, model, digest, task, package_version) ({telemetry.BUNDLE_INFO}{SELECTOR})"
    odd = [(telemetry.OUT_OF_RANGE, "out of range"), (telemetry.UNKNOWN_CATEGORIES, "unknown category")]
    wrong = [(telemetry.NONFINITE, "not finite"), (telemetry.SHED, "turned away")]
    panels = [
        _series("Requests", [(codes, "{{code}}")], "reqps"),
        _series("Failed share", [(f"{failed} / {every}", "5xx")], "percentunit"),
        _series("Latency", quantiles, "s"),
        _series("Rows predicted", [(f"sum(rate({telemetry.PREDICTIONS}{SELECTOR}{RATE}))", "rows")], "rowsps"),
        _history("Drift per feature (PSI)", drift, "{{feature}}"),
        _series("What is predicted", [(shares, "{{bin}}")], "percentunit", stacked=True),
        _series("Drift of the predictions (PSI)", [(moved, "{{model}}")], "none"),
        _series("Odd values", [(f"sum(rate({m}{SELECTOR}{RATE}))", legend) for m, legend in odd], "rowsps"),
        _series("Trouble", [(f"sum(rate({m}{SELECTOR}{RATE}))", legend) for m, legend in wrong], "reqps"),
        _series("Score by labels that came back", _by_labels("accuracy", "roc_auc"), "percentunit"),
        _series("Error by labels that came back", _by_labels("rmse", "mae"), "none"),
        _table("Serving", serving),
    ]
    return [_at_position(panel, index) for index, panel in enumerate(panels)]


def _by_labels(*scores: str) -> list[tuple[str, str]]:
    """Return a query per score of the labels that were fed back: each version of a model is a line of its own."""
    return [
        (f"max by (model, bundle) ({recorded_name(score)}{SELECTOR})", f"{score} of {{{{model}}}} {{{{bundle}}}}")
        for score in scores
    ]


def _at_position(panel: dict[str, Any], index: int) -> dict[str, Any]:
    described = {**panel, "id": index + 1, "description": DESCRIPTIONS[panel["title"]]}
    return {**described, "gridPos": {"x": 12 * (index % 2), "y": 9 * (index // 2), "w": 12, "h": 9}}


def _targets(queries: list[tuple[str, str]], **more: Any) -> list[dict[str, Any]]:
    return [
        {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend, **more}
        for index, (query, legend) in enumerate(queries)
    ]


def _series(title: str, queries: list[tuple[str, str]], unit: str, *, stacked: bool = False) -> dict[str, Any]:
    custom: dict[str, Any] = {"fillOpacity": 60 if stacked else 8, "showPoints": "never"}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "targets": _targets(queries),
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": custom}, "overrides": []},
    }


def _history(title: str, query: str, legend: str) -> dict[str, Any]:
    steps = [{"color": colour, "value": value} for colour, value in PALETTE]
    return {
        "type": "status-history",
        "title": title,
        "datasource": SOURCE,
        "targets": _targets([(query, legend)], interval="15m"),
        "options": {"showValue": "never", "rowHeight": 0.9},
        "fieldConfig": {
            "defaults": {
                "unit": "none",
                "color": {"mode": "thresholds"},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
    }


def _table(title: str, query: str) -> dict[str, Any]:
    return {
        "type": "table",
        "title": title,
        "datasource": SOURCE,
        "targets": _targets([(query, "")], format="table", instant=True),
        "fieldConfig": {"defaults": {"unit": "none"}, "overrides": []},
    }
