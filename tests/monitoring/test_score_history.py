"""Scores over time: each point is of the window before it, over looks, restarts and models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.drift.telemetry import FEEDBACK_CONFUSION, FEEDBACK_CORRECT, FEEDBACK_ROWS
from sevenfold.monitoring import score_history
from sevenfold.monitoring.label_scores import LabelCounts
from sevenfold.monitoring.score_history import SLOTS, ScoreHistory, ScorePoint

HOURS = 2
SLOT = HOURS * 3_600 / SLOTS
START = 1_000 * HOURS * 3_600.0


def counted(rows: float, right: float) -> LabelCounts:
    return {
        FEEDBACK_ROWS.name: {("scored",): rows, ("missing",): 0.0},
        FEEDBACK_CORRECT.name: {(): right},
        FEEDBACK_CONFUSION.name: {("no", "no"): right, ("yes", "no"): rows - right, ("yes", "yes"): 0.0},
    }


class Look:
    """A page's keeper of scores, as a new process would be at each look."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "scores.json"

    def take(self, hours: float, rows: float, right: float, *, process: str = "p", bundle: str = "b1") -> ScorePoint:
        ScoreHistory(self.path, HOURS).take(
            counted(rows, right), process=process, bundle=bundle, now=START + hours * 3_600
        )
        return self.points()[-1]

    def points(self) -> tuple[ScorePoint, ...]:
        return ScoreHistory(self.path, HOURS).points


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return Look(tmp_path)


def test_a_point_is_of_the_window_before_it(look: Look) -> None:
    assert (look.take(0, 0, 0).rows, look.points()[-1].scores) == (0, {})
    assert look.take(0.5, 100, 90).scores == {"accuracy": 0.9, "balanced_accuracy": 0.9}
    assert look.take(1.5, 200, 100).scores["accuracy"] == 0.5
    point = look.take(2.5, 200, 100)
    assert (point.rows, point.scores["accuracy"]) == (100, 0.1), "the first hundred are two hours old"
    assert point.recalls == {"no": 0.1}
    assert look.take(3.6, 200, 100).scores == {}, "no label of the last two hours is no score"
    assert [round(one.scores.get("accuracy", -1), 2) for one in look.points()] == [-1, 0.9, 0.5, 0.1, -1]


def test_a_score_of_nothing_right_is_zero_and_not_missing(look: Look) -> None:
    assert look.take(0, 50, 0).scores == {"accuracy": 0.0, "balanced_accuracy": 0.0}


def test_another_process_begins_at_nothing(look: Look) -> None:
    look.take(0, 100, 100)
    assert look.take(0.1, 100, 0, process="q").scores["accuracy"] == 0.5
    assert look.take(0.2, 300, 0, process="q").scores["accuracy"] == 0.25


def test_labels_about_another_model_begin_anew_and_its_scores_stay(look: Look) -> None:
    look.take(0, 100, 50)
    point = look.take(0.1, 40, 40, process="q", bundle="b2")
    assert (point.bundle, point.rows, point.scores["accuracy"]) == ("b2", 40, 1.0)
    assert [one.bundle for one in look.points()] == ["b1", "b2"]


def test_looks_that_come_fast_make_one_point(look: Look) -> None:
    for number in range(1, 20):
        look.take(number / 3_600, 10 * number, number)
    assert len(look.points()) == 1
    assert (look.points()[0].rows, look.points()[0].scores["accuracy"]) == (190, 0.1)
    before = look.path.stat().st_mtime_ns
    look.take(20 / 3_600, 190, 19)
    assert look.path.stat().st_mtime_ns == before, "what changed nothing is not written"


def test_the_file_keeps_what_a_page_shows(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_history, "KEPT", 100)
    history = ScoreHistory(look.path, HOURS)
    for number in range(130):
        history.take(counted(number, number), process="p", bundle="b1", now=START + number * SLOT)
    assert len(look.points()) == 100
    assert look.points()[-1].rows == SLOTS, "one row in each part of the window"
    assert len(json.loads(look.path.read_text())["parts"]) == SLOTS


def test_a_clock_that_was_set_back_leaves_no_future(look: Look) -> None:
    look.take(5, 100, 50)
    point = look.take(1, 150, 100)
    assert [one.moment for one in look.points()] == [START + 3_600]
    assert (point.rows, point.scores["accuracy"]) == (50, 1.0)


def test_a_newer_format_is_refused(look: Look) -> None:
    look.path.write_text(json.dumps({"version": 99}))
    with pytest.raises(IntegrityError, match=r"scores\.json: format 1 is read, but got 99"):
        ScoreHistory(look.path, HOURS)
