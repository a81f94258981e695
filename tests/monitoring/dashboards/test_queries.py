"""Every query of every panel, choice and annotation is asked of a Prometheus where models serve: each has an answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest

from sevenfold.drift.prometheus import PrometheusClient, Series
from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.dashboards.catalogue import boards
from sevenfold.monitoring.dashboards.panel import Annotation, Query, Variable
from sevenfold.monitoring.retrain.metrics import RETRAIN_METRICS
from sevenfold.monitoring.rules import rule_groups
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

Ask = Callable[[str], list[Series]]
BOARDS = boards()
PANELS = [(key, panel) for key, board in BOARDS.items() for panel in board.panels]
CHOICES = {
    "$namespace": "team",
    "$feature": "wind",
    "$__rate_interval": "5m",
    "$__range": "3h",
}
# Of labels there are other scores for a classifier than for a regression.
OF_CLASSIFIER = tuple(
    f"feedback_{score}" for score in ("accuracy", "balanced_accuracy", "recall", "roc_auc", "log_loss", "brier")
)


def filled(expression: str) -> str:
    """The query as Grafana sends it once everything is chosen."""
    model = "storm" if any(name in expression for name in OF_CLASSIFIER) else "wind"
    for variable, value in {**CHOICES, "$model": model}.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(query, id=f"{key}: {panel.title} {number}")
        for key, panel in PANELS
        for number, query in enumerate(panel.queries)
    ],
)
def test_every_query_of_a_panel_has_an_answer(answered: Ask, query: Query) -> None:
    answer = answered(filled(query.expression))
    assert answer, query.expression
    assert all(math.isfinite(series.value) for series in answer), query.expression
    for name in re.findall(r"\{\{(\w+)\}\}", query.legend):
        assert any(series.labels.get(name) for series in answer), f"{name} names no line of {query.expression}"


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(annotation, id=f"{key}: {annotation.name}")
        for key, board in BOARDS.items()
        for annotation in board.annotations
    ],
)
def test_every_annotation_has_events(answered: Ask, annotation: Annotation) -> None:
    now = answered("time()")[0].value
    found = answered(f"({filled(annotation.expression)})[3h:1m]")
    assert found
    for series in found:
        assert all(value >= 1 for _, value in series.samples), "Grafana draws nothing at a smaller value"
        if annotation.moments:
            assert all(now - 3 * 3_600 < value / 1000 <= now for _, value in series.samples)
    for name in re.findall(r"\{\{(\w+)\}\}", annotation.title + annotation.text):
        assert all(series.labels[name] for series in found)


@pytest.mark.parametrize(
    "variable",
    [
        pytest.param(variable, id=f"{key}: {variable.name}")
        for key, board in BOARDS.items()
        for variable in board.variables
    ],
)
def test_every_choice_has_values(answered: Ask, variable: Variable) -> None:
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable.query)
    assert asked is not None
    selector, label = asked.groups()
    found = {series.labels.get(label, "") for series in answered(f"group by ({label}) ({filled(selector)})")}
    assert CHOICES.get(f"${variable.name}", "wind") in found


def test_a_canary_stands_beside_the_stable_version(answered: Ask) -> None:
    by_title = {panel.title: panel for panel in BOARDS["canary"].panels}
    counted, part = (answered(filled(query.expression)) for query in by_title["Versions"].queries[:2])
    assert len(counted) == len(part) == 2
    assert sum(series.value for series in part) == pytest.approx(1)


def test_a_table_row_of_the_fleet_is_of_one_model(answered: Ask) -> None:
    table = next(panel for panel in BOARDS["fleet"].panels if panel.title == "Models")
    for query in table.queries:
        for series in answered(filled(query.expression).replace('model=~"wind"', 'model=~".*"')):
            assert set(series.labels) == {"namespace", "model"}, "columns are joined by these labels"


def test_without_the_watchdog_it_is_not_said_that_no_alert_fires(watched: PrometheusClient, answered: Ask) -> None:
    alerts = next(panel for panel in BOARDS["fleet"].panels if panel.title == "Alerts")
    quiet = filled(alerts.queries[0].expression).replace("Sevenfold.+", "SevenfoldNothing")
    assert [series.value for series in answered(quiet)] == [0]
    assert watched.query(quiet.replace('SevenfoldWatchdog"}) * 0', 'Gone"}) * 0')) == []


def test_every_series_asked_for_is_written_by_predictor_receiver_or_rules() -> None:
    groups = rule_groups("flights", MonitoringSection(), ServiceLevel())["groups"]
    made = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    known = made | {metric.name for metric in (*METRICS, *RETRAIN_METRICS)} | {"sevenfold_request_seconds_bucket"}
    asked = [query.expression for _, panel in PANELS for query in panel.queries]
    asked += [annotation.expression for board in BOARDS.values() for annotation in board.annotations]
    asked += [variable.query for board in BOARDS.values() for variable in board.variables]
    names = {name for text in asked for name in re.findall(r"\bsevenfold[:_][a-z_:]+", text)}
    assert names <= known
