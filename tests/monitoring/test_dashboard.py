"""The dashboard: it reads only what is there, and no two panels overlap."""

import json
import re

import pytest
from promtool import Promtool, promtools, rising, series, steps
from rule_cases import MOVED, counted, durations, features, requests

from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.dashboard import build_dashboard
from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

PANELS = build_dashboard("flights")["panels"]


def test_every_series_it_reads_is_written_by_the_predictor_or_recorded_by_the_rules():
    groups = rule_groups("flights", MonitoringSection(), ServiceLevel())["groups"]
    made = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    known = made | {metric.name for metric in METRICS} | {"sevenfold_request_seconds_bucket"}
    text = json.dumps(build_dashboard("flights"))
    names = set(re.findall(r"\bsevenfold[:_][a-z_:]+", text))
    assert names <= known


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_asks_for_the_chosen_models_alone(panel):
    for target in panel["targets"]:
        for selector in re.findall(r"sevenfold[a-z_:]+(\{[^}]*\})?", target["expr"]):
            assert 'namespace=~"$namespace", model=~"$model"' in selector


def test_panels_stand_side_by_side():
    positions = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS]
    assert len(set(positions)) == len(positions)
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_it_opens_on_the_model():
    model = build_dashboard("flights")["templating"]["list"][-1]
    assert model["current"]["value"] == "flights"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_says_what_it_shows_and_in_which_unit(panel):
    assert len(panel["description"].split()) > 5
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_nobody_changes_by_hand_what_is_written_from_code():
    assert build_dashboard("flights")["editable"] is False


@pytest.mark.skipif(not promtools(), reason="promtool is not installed")
@pytest.mark.parametrize("program", promtools() or [""])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_query_has_an_answer_where_a_model_serves(panel, program):
    section = MonitoringSection(window_minutes=10)
    promtool = Promtool(program, to_yaml(rule_groups("flights", section, ServiceLevel())))
    chosen = {"$namespace": "n", "$model": "flights", "$__rate_interval": "5m"}
    for target in panel["targets"]:
        query = target["expr"]
        for variable, value in chosen.items():
            query = query.replace(variable, value)
        assert "$" not in query
        values = promtool.values(SERVING, query)
        assert values and all(value == value for value in values.values()), query


info = {"digest": "sha256:1", "task": "binary", "framework": "pytorch", "package_version": "0.1.0"}
SERVING = (
    *features(MOVED),
    *counted("sevenfold_prediction_bin_total", MOVED),
    *requests(97, 3),
    *durations(90, 10),
    series("sevenfold_bundle_info", steps((1, 61)), **info),
    *(
        series(name, rising(2))
        for name in (
            "sevenfold_predictions_total",
            "sevenfold_out_of_range_total",
            "sevenfold_unknown_category_total",
            "sevenfold_nonfinite_total",
            "sevenfold_shed_total",
            "sevenfold_feedback_correct_total",
            "sevenfold_feedback_absolute_error_total",
            "sevenfold_feedback_squared_error_total",
        )
    ),
    series("sevenfold_feedback_rows_total", rising(3), label="scored"),
    *(
        series(f"sevenfold_feedback_{name}_total", rising(1), bin="low")
        for name in ("positives", "negatives", "negatives_below")
    ),
)
