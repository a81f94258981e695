"""Scores over time on a page: the dashboard's panels, broken where nobody knows, and unknown is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sevenfold.drift.telemetry import FEEDBACK_ABSOLUTE, FEEDBACK_CORRECT, FEEDBACK_ROWS, FEEDBACK_SQUARED
from sevenfold.monitoring.dashboards.one_model import one_model
from sevenfold.monitoring.score_charts import RECALL, score_blocks, score_charts
from sevenfold.monitoring.score_history import KEPT, ScoreHistory, ScorePoint
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Chart, Facts

SECTION = MonitoringSection(feedback_hours=24)
SLOT = 900.0
NOW = 1_000 * 86_400.0
EVERY = ("accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier", "rmse", "mae")


def point(slot: float, bundle: str = "b1", **scores: float) -> ScorePoint:
    return ScorePoint(moment=NOW + slot * SLOT, bundle=bundle, rows=10.0 if scores else 0.0, scores=scores)


def drawn(chart: Chart, name: str) -> list[float | None]:
    return [row["y"] for row in chart.spec["data"]["values"] if row["series"] == name]


def test_the_charts_are_the_panels_of_the_dashboard_with_the_same_scores() -> None:
    named = {
        "balanced accuracy": "balanced_accuracy",
        "ROC AUC": "roc_auc",
        "log loss": "log_loss",
        "Brier score": "brier",
        "RMSE": "rmse",
        "MAE": "mae",
    }
    full = point(0, **dict.fromkeys(EVERY, 0.5)).model_copy(update={"recalls": {"yes": 0.5}})
    shown = {
        chart.title: [named.get(row["series"], row["series"]) for row in chart.spec["data"]["values"]]
        for chart in score_charts([full], 3 * SLOT, SECTION)
    }
    panels = [panel for panel in one_model().panels if "by labels that came back" in panel.title]
    asked = {
        panel.title: re.findall(r"sevenfold:feedback_(\w+)", " ".join(query.expression for query in panel.queries))
        for panel in panels
    }
    assert asked.pop(RECALL) == ["recall"] and shown.pop(RECALL) == ["yes"]
    assert shown == asked


def test_a_line_breaks_where_nobody_knows_and_where_another_model_took_over() -> None:
    points = [
        point(0, accuracy=0.9),
        point(1),  # no label came
        point(2, accuracy=0.8),
        point(40, accuracy=0.7),  # nobody looked meanwhile
        point(41, "b2", accuracy=0.95),
    ]
    [chart] = score_charts(points, 3 * SLOT, SECTION)
    assert drawn(chart, "accuracy") == [0.9, None, 0.8, None, 0.7, None, 0.95]
    assert "last known: accuracy 0.95" in chart.alt


def test_no_break_is_lost_among_many_points() -> None:
    points = [point(10 * slot, accuracy=0.9) for slot in range(KEPT)]
    [chart] = score_charts(points, 3 * SLOT, SECTION)
    values = drawn(chart, "accuracy")
    assert len(values) == 400
    assert values == [None, 0.9] * 200


@pytest.mark.parametrize(
    ("rows", "bundle", "later", "hint"),
    [
        (None, "b1", 0.0, "watch --feedback opens a port"),
        (0.0, "b1", 0.0, "no label came back within 24 hours"),
        (8.0, "b2", 0.0, "no label about the serving model came back"),
        (8.0, "b1", 4 * SLOT, "nobody has looked at labels since 1972-09-27 00:00 UTC"),
    ],
)
def test_what_is_not_known_is_called_unknown_and_not_good(
    tmp_path: Path, rows: float | None, bundle: str, later: float, hint: str
) -> None:
    path = tmp_path / "scores.json"
    if rows is not None:
        counts = {FEEDBACK_ROWS.name: {("scored",): rows}, FEEDBACK_CORRECT.name: {(): rows}}
        ScoreHistory(path, 24).take(counts, process="p", bundle="b1", now=NOW)
    [facts, *charts] = score_blocks(path, bundle, SECTION, now=NOW + later)
    assert isinstance(facts, Facts)
    [fact] = facts.facts
    assert (fact.value, fact.level) == ("unknown", "info")
    assert hint in fact.hint
    assert len(charts) == (1 if rows else 0), "what was known before stays to be seen"


def test_a_file_of_a_newer_version_is_unknown_and_stays(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text('{"version": 7}')
    [facts] = score_blocks(tmp_path / "scores.json", "b1", SECTION, now=NOW)
    assert isinstance(facts, Facts)
    assert "format 1 is read, but got 7" in facts.facts[0].hint


def test_what_is_known_stands_as_charts_alone(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    counts = {
        FEEDBACK_ROWS.name: {("scored",): 4.0},
        FEEDBACK_ABSOLUTE.name: {(): 8.0},
        FEEDBACK_SQUARED.name: {(): 36.0},
    }
    ScoreHistory(path, 24).take(counts, process="p", bundle="b1", now=NOW)
    [chart] = score_blocks(path, "b1", SECTION, now=NOW + 60)
    assert isinstance(chart, Chart)
    assert (chart.title, drawn(chart, "RMSE"), drawn(chart, "MAE")) == ("Error by labels that came back", [3.0], [2.0])
