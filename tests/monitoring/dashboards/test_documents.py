"""What holds of every dashboard: it says what it shows, panels do not overlap, links and choices lead on."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.dashboards.catalogue import DASHBOARDS, boards, dashboards
from sevenfold.monitoring.dashboards.document import TAG

WRITTEN = dashboards("flights")
# The receiver's record outlives its process, so that its counts say something by themselves.
COUNTERS = [metric.name for metric in METRICS if metric.kind == "counter"]
PANELS = [
    pytest.param(panel, id=f"{key}: {panel['title']}") for key, board in WRITTEN.items() for panel in board["panels"]
]
FOLDER = Path(__file__).parents[3] / "manifests/components/monitoring/files/dashboards"


def linter() -> str:
    return os.environ.get("DASHBOARD_LINTER") or shutil.which("dashboard-linter") or ""


@pytest.mark.skipif(not linter(), reason="dashboard-linter is not installed")
@pytest.mark.parametrize("key", DASHBOARDS)
def test_grafanas_linter_finds_nothing(key: str) -> None:
    command = [linter(), "lint", "--strict", "--config", str(FOLDER / ".lint"), str(FOLDER / f"{key}.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_each_exception_to_the_linter_has_its_reason() -> None:
    entries = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]
    for entry in entries.values():
        told = [entry.get("reason", ""), *(each.get("reason", "") for each in entry.get("entries", []))]
        assert any(len(reason.split()) > 4 for reason in told)


@pytest.mark.parametrize("board", WRITTEN.values(), ids=WRITTEN)
def test_the_linters_rules_about_a_dashboard_hold(board: dict[str, Any]) -> None:
    assert board["editable"] is False
    source, *choices = board["templating"]["list"]
    assert (source["name"], source["label"], source["query"]) == ("datasource", "Data source", "prometheus")
    assert all(choice["refresh"] == 2 and choice["label"] for choice in choices)


@pytest.mark.parametrize("panel", PANELS)
def test_the_linters_rules_about_a_panel_hold(panel: dict[str, Any]) -> None:
    assert len(panel["description"].split()) > 3
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        for function, window in re.findall(r"\b(rate|irate)\([^()]*\[([^\]]+)\]\)", target["expr"]):
            assert (function, window) == ("rate", "$__rate_interval")
        for counter in COUNTERS:
            assert not re.search(rf"\b{counter}\b(\{{[^}}]*\}})?+(?!\[)", target["expr"]), "a counter has a rate"


@pytest.mark.parametrize("board", WRITTEN.values(), ids=WRITTEN)
def test_panels_have_titles_and_numbers_of_their_own_and_do_not_overlap(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(place["x"] + place["w"] <= 24 for place in places)


@pytest.mark.parametrize("board", WRITTEN.values(), ids=WRITTEN)
def test_every_query_asks_for_what_was_chosen(board: dict[str, Any]) -> None:
    names = {choice["name"] for choice in board["templating"]["list"]}
    told = {"datasource", "__rate_interval", "__range", "__url_time_range", "__data"}
    asked = json.dumps([board["panels"], board["annotations"]])
    assert {name.partition(".")[0].partition(":")[0] for name in re.findall(r"\$\{?([\w.:]+)", asked)} <= names | told
    for selector in re.findall(r"sevenfold[_:](?!retrain)[a-z_:]+(\{[^}]*\})?", json.dumps(board["panels"])):
        assert "$namespace" in selector and "$model" in selector


def test_every_dashboard_leads_to_the_others_and_keeps_choices_and_time() -> None:
    for board in WRITTEN.values():
        assert TAG in board["tags"]
        (link,) = board["links"]
        assert (link["tags"], link["includeVars"], link["keepTime"]) == ([TAG], True, True)
    addresses = re.findall(r"/d/([\w-]+)", json.dumps(WRITTEN))
    assert addresses
    assert set(addresses) <= {board["uid"] for board in WRITTEN.values()}


def test_a_runs_dashboards_open_on_its_model_and_the_fleet_on_all() -> None:
    opened = {
        key: choice["current"]["value"]
        for key, board in WRITTEN.items()
        for choice in board["templating"]["list"]
        if choice["name"] == "model"
    }
    assert opened == {"fleet": "$__all", **dict.fromkeys(("model", "feature", "canary", "loop"), "flights")}


def test_promotions_and_retrainings_are_drawn_over_every_dashboard() -> None:
    for board in boards().values():
        assert {"Promotions", "Retrainings"} <= {annotation.name for annotation in board.annotations}
