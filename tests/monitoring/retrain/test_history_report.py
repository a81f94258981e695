"""The page of the loop: what it says first, and every decision with its why."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
from sevenfold.monitoring.retrain.history_report import entry_line, history_report, person_needed
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


def page(journal: Journal, *counts: dict[str, np.ndarray]) -> Report:
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
    )


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
