"""The page of the loop: what it says first, and every decision with its why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.counters import Scrape
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.retrain.acknowledgement import person_needed
from sevenfold.monitoring.retrain.candidates import Candidate
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
from sevenfold.monitoring.retrain.fleet_table import FleetModel
from sevenfold.monitoring.retrain.history_report import entry_line, history_report
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Report
from sevenfold.report.markdown import render_markdown
from sevenfold.report.page import render_page

SECTION = MonitoringSection(windows=2, windows_drifted=2)
NAMES = ("low", "high", "other", "unseen", "missing")
BINS = FeatureBins(kind="category", levels=("low", "high"), names=NAMES, counts=(500, 500, 0, 0, 0))
REFERENCE = Reference(rows=1_000, features={"wind": BINS})
STAY = {"wind": np.array([300, 300, 0, 0, 0])}
MOVE = {"wind": np.array([550, 50, 0, 0, 0])}


def put(journal: Journal, key: str, action: Action, reason: Reason, sentence: str, moment: float) -> None:
    cause = Cause(name="flights", keys=(key,), since=0.0, evidence="wind")
    journal.decide(cause, lambda _: Decision(action, reason, sentence), moment)


def page(journal: Journal, *counts: dict[str, np.ndarray], **more: Any) -> Report:
    windows: list[WindowDrift] = [window_drift(f"w{n}", one, REFERENCE, SECTION) for n, one in enumerate(counts)]
    return history_report(
        "flights",
        journal.entries(),
        journal.runs("flights"),
        [Fact(label="Serving", value="b1")],
        windows,
        {window.label: one for window, one in zip(windows, counts, strict=True)},
        REFERENCE,
        SECTION,
        **more,
    )


def block(report: Report, title: str) -> Any:
    return next((part for part in report.blocks if getattr(part, "title", "") == title), None)


def test_a_quiet_loop_is_good_and_one_without_rows_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    assert (page(journal).level, page(journal, STAY, STAY).level) == ("info", "good")
    assert page(journal, STAY, STAY).headline == "No drift in 2 windows."


def test_the_call_for_a_person_stands_first_until_a_better_model_serves(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    put(journal, "a", Action.START, Reason.CAUSE, "A retraining starts.", 10.0)
    put(journal, "r", Action.PAGE, Reason.NOT_PROMOTED, "The old model stays.", 20.0)
    put(journal, "a", Action.SUPPRESS, Reason.DUPLICATE, "It has had its run.", 30.0)
    assert person_needed(journal.entries()) is not None
    made = page(journal, MOVE, MOVE)
    assert (made.level, made.headline) == ("bad", "A person must look. The old model stays.")
    put(journal, "s", Action.NOTE, Reason.PROMOTED, "A better model serves.", 40.0)
    assert person_needed(journal.entries()) is None
    made = page(journal, MOVE, MOVE)
    assert (made.level, made.headline) == ("warning", "Rows have drifted. A better model serves.")


def test_every_decision_is_shown_with_its_why(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    put(journal, "a", Action.SUPPRESS, Reason.FEW_ROWS, "12 new rows carry a target.", 86_400.0)
    put(journal, "a", Action.SUPPRESS, Reason.FEW_ROWS, "12 new rows carry a target.", 90_000.0)
    put(journal, "b", Action.START, Reason.CAUSE, "A retraining starts.", 95_000.0)
    text = render_markdown(page(journal, MOVE, MOVE))
    assert text.index("A retraining starts.") < text.index("12 new rows carry a target.")
    assert "no: few rows" in text
    line = entry_line(journal.entries()[0])
    assert line == "1970-01-02 01:00:00  no             few_rows      12 new rows carry a target. (2 times)"
    assert "wind has drifted since w0" in render_page([page(journal, MOVE, MOVE)], title="t", subtitle="")


def test_every_decision_is_a_dot_in_the_lane_of_its_kind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    assert block(page(journal), "From drift to promotion") is None
    put(journal, "w", Action.NOTE, Reason.WINDOW, "w0: wind drifted in 600 rows.", 0.0)
    put(journal, "a", Action.START, Reason.CAUSE, "A retraining starts.", 60.0)
    put(journal, "b", Action.SUPPRESS, Reason.RUNNING, "A retraining is going on.", 120.0)
    put(journal, "b", Action.SUPPRESS, Reason.RUNNING, "A retraining is going on.", 180.0)
    put(journal, "r", Action.NOTE, Reason.PROMOTED, "A better model serves.", 240.0)
    put(journal, "o", Action.NOTE, Reason.RESOLVED, "It is over: wind.", 300.0)
    chart = block(page(journal), "From drift to promotion")
    dots = [(dot["x"], dot["y"]) for dot in chart.spec["data"]["values"]]
    assert dots == [
        (0, "window judged"),
        (60_000, "retraining"),
        (120_000, "no retraining"),
        (180_000, "no retraining"),
        (240_000, "promotion"),
    ]
    assert "A better model serves." in chart.spec["data"]["values"][-1]["tooltip"]
    assert "no retraining: 2" in chart.alt


def test_a_promotion_is_good_and_named_in_the_table(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    put(journal, "r", Action.NOTE, Reason.PROMOTED, "A better model serves.", 40.0)
    table = block(page(journal), "Decisions")
    assert (table.rows[0][1], table.levels, table.stacked) == ("promoted", ("good",), True)


def test_a_feature_is_followed_over_all_windows_beside_its_reference(tmp_path: Path) -> None:
    chart = block(page(Journal(tmp_path / "journal.db"), STAY, MOVE, MOVE), "wind over time")
    cells = {(cell["x"], cell["y"]): cell["value"] for cell in chart.spec["data"]["values"]}
    assert list(dict.fromkeys(window for window, _ in cells)) == ["training", "w0", "w1", "w2"]
    assert {bin_name for _, bin_name in cells} == {"low", "high"}, "bins that nothing ever fell into are left out"
    assert cells["training", "low"] == pytest.approx(0.5, abs=0.01)
    assert cells["w2", "low"] == pytest.approx(550 / 600, abs=0.01)


def test_what_retrainings_brought_stands_beside_what_served(tmp_path: Path) -> None:
    told = "against the model now serving: better."
    journal = Journal(tmp_path / "journal.db")
    assert block(page(journal), "Candidates beside the serving model") is None
    candidates = [
        Candidate(run="2", state="failed"),
        Candidate(run="3", state="promoted", metric="roc_auc", score=0.75, interval=(0.7, 0.8), compared=told),
    ]
    table = block(page(journal, candidates=candidates), "Candidates beside the serving model")
    assert table.columns[2] == "roc_auc"
    assert table.rows == (("3", "promoted", "0.75 (0.7 to 0.8)", told), ("2", "failed", None, None))
    assert table.levels == ("good", None)


def test_the_fleet_is_shown_where_there_are_several_models(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    one = FleetModel(name="flights", bundle="b1", promoted="2026-11-21 14:02", metric="rmse", score=57_664.2)
    other = FleetModel(name="houses", bundle="b2", promoted="2026-11-20 10:00", last="It waits.", person_needed=True)
    assert block(page(journal, fleet=[one]), "All models of this machine") is None
    table = block(page(journal, fleet=[one, other]), "All models of this machine")
    assert [row[0] for row in table.rows] == ["flights", "houses"]
    assert table.rows[0][3:] == ("rmse 57,664", 0, "nothing watches it")
    assert table.levels == (None, "bad")


def test_live_traffic_is_told_and_silence_too(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")

    def figures(scrape: Scrape) -> dict[str, Any]:
        made = page(journal, traffic=Replayed.of_traffic("since it started", scrape))
        return {fact.label: (fact.value, fact.level) for part in made.blocks for fact in getattr(part, "facts", ())}

    buckets = {0.01: 90.0, 0.1: 100.0, float("inf"): 100.0}
    busy = figures(Scrape("flights", "b1", codes={"200": 97.0, "500": 3.0}, rows=250.0, buckets=buckets))
    assert (busy["requests"], busy["rows predicted"], busy["failed requests"]) == ((100, None), (250, None), (3, "bad"))
    assert 10 < busy["99th percentile"][0] < 100
    silent = figures(Scrape("flights", "b1"))
    assert silent["requests"] == (0, None)
    assert "failed requests" not in silent, "nothing is not told as good"
