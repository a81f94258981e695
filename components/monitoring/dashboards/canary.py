"""A canary beside the stable version: every panel compares the versions of one model that answer."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.concept_rules import recorded_name
from sevenfold.drift.promql import FEATURE, PREDICTIONS
from sevenfold.monitoring.dashboards.choices import NAMESPACE, one_model
from sevenfold.monitoring.dashboards.events import EVENTS
from sevenfold.monitoring.dashboards.panel import Board, Column, Panel, Query, Step, lines
from sevenfold.monitoring.dashboards.queries import (
    chosen,
    failed_share,
    latency,
    refused_share,
    requests,
)

__all__ = ["CANARY", "canary"]

CANARY: Final = "sevenfold-canary"
_BY: Final = "bundle"


def canary(name: str = "") -> Board:
    """Return the dashboard of a model's versions; it opens on the model `name`, or on the first for ""."""
    return Board(
        uid=CANARY,
        title="Sevenfold: canary beside stable",
        description="The versions of one model that answer, side by side: the canary is the one with the smaller "
        "share.",
        variables=(NAMESPACE, one_model(name)),
        annotations=EVENTS,
        panels=(_versions(), *_traffic(), *_answers()),
        since="now-3h",
    )


def _versions() -> Panel:
    counted = f"sum by ({_BY}) (increase({chosen(telemetry.REQUESTS)}[$__range]))"
    every = f"sum(increase({chosen(telemetry.REQUESTS)}[$__range]))"
    asked = (
        counted,
        _part(counted, every),
        failed_share(_BY),
        refused_share(_BY),
        latency(0.99, _BY),
        f"max by ({_BY}) ({chosen(PREDICTIONS.name('psi'))})",
    )
    return Panel(
        title="Versions",
        description="Each version that answered within the chosen time. A canary is judged on 200 of its requests and "
        "more; the other columns are of the last minutes.",
        unit="none",
        queries=tuple(Query(expression=expression, instant=True) for expression in asked),
        kind="table",
        width=24,
        height=5,
        columns=(
            Column(field="bundle", title="Bundle"),
            Column(field="Value #A", title="Requests", unit="short", steps=(Step("orange"), Step("text", 200))),
            Column(field="Value #B", title="Share of the traffic", unit="percentunit"),
            Column(field="Value #C", title="Failed", unit="percentunit"),
            Column(field="Value #D", title="Refused", unit="percentunit"),
            Column(field="Value #E", title="99th percentile", unit="s"),
            Column(field="Value #F", title="Drift of its predictions (PSI)", unit="none"),
        ),
    )


def _part(of_version: str, of_all: str) -> str:
    return f"{of_version} / on () group_left () ({of_all} > 0)"


def _compared(title: str, description: str, unit: str, expression: str, *, minimum: float | None = 0) -> Panel:
    return lines(title, description, unit, (expression, "{{bundle}}"), minimum=minimum)


def _traffic() -> tuple[Panel, ...]:
    return (
        lines(
            "Share of the traffic",
            "Share of the requests that each version answers.",
            "percentunit",
            (_part(requests(_BY), requests("")), "{{bundle}}"),
            stacked=True,
        ),
        _compared("Requests by version", "Prediction requests a second.", "reqps", requests(_BY)),
        _compared("Failed share by version", "Share of the requests that got a 5xx.", "percentunit", failed_share(_BY)),
        _compared(
            "Refused share by version",
            "Share of the requests that got a 4xx: a version that takes other fields refuses more.",
            "percentunit",
            refused_share(_BY),
        ),
        _compared("Median by version", "Seconds within which half the requests are answered.", "s", latency(0.5, _BY)),
        _compared(
            "99th percentile by version",
            "Seconds within which 99 in 100 requests are answered.",
            "s",
            latency(0.99, _BY),
        ),
    )


def _answers() -> tuple[Panel, ...]:
    return (
        lines(
            "What each version predicts",
            "Share of each bin of the predictions in the last window. Each version has bins of its own reference.",
            "percentunit",
            (f"avg by (bundle, bin) ({chosen(PREDICTIONS.name('bin_share'))})", "{{bundle}}: {{bin}}"),
        ),
        _compared(
            "Drift of the predictions by version (PSI)",
            "How far the predictions of the last window are from those of the version's own reference.",
            "none",
            f"max by (bundle) ({chosen(PREDICTIONS.name('psi'))})",
            minimum=None,
        ),
        _compared(
            "Features that drifted, by version",
            "How many features drifted in the last window from what that version was trained on.",
            "none",
            f"sum by (bundle) (max by (bundle, feature) ({chosen(FEATURE.name('drifted'))}))",
        ),
        _compared(
            "Loss by labels that came back, by version",
            "By how much a version is worse than on its validation rows: accuracy lost, or RMSE grown as a share.",
            "percentunit",
            f"max by (bundle) ({chosen(recorded_name('loss'))})",
            minimum=None,
        ),
    )
