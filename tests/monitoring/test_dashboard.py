"""The dashboard: it reads only what is there, and no two panels overlap."""

import json
import re

import pytest

from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.dashboard import build_dashboard
from sevenfold.monitoring.rules import rule_groups
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
