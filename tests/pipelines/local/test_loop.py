"""The loop on one machine, with real runs: nothing, noise, spoilt targets, then drift; each with the right decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loop_causes import (
    a_run_that_failed_is_tried_again,
    a_schedule_starts_a_run_whether_or_not_rows_drifted,
    labels_that_show_a_worse_model_give_one_run_and_a_better_one,
    rows_that_differ_as_a_whole_are_noted_and_start_nothing,
)
from loop_home import Home, kinds, served_project
from loop_tables import WINDOW, add_window, rows
from loop_watching import (
    a_dataset_that_is_gone_is_named,
    a_plan_without_new_rows_is_not_watched,
    a_registry_that_is_removed_meanwhile_is_named,
    a_run_beside_the_loop_is_awaited,
    a_run_that_takes_too_long_is_ended_and_calls_a_person_once,
    a_run_that_was_killed_calls_a_person_and_is_not_repeated,
    a_second_watch_is_refused,
    a_turn_that_cannot_be_kept_is_told_once_and_tried_again,
    the_promoted_model_serves_meanwhile,
    watching_stops_when_it_is_told_to,
    what_a_killed_watch_left_serving_is_taken_over,
)
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.pipelines.local.loop import PAGE
from sevenfold.pipelines.runs import RunFolder
from sevenfold.report.page import read_report
from sevenfold.tables.sources import sources_of


def no_data_starts_nothing(served: Home) -> None:
    loop = served.loop()
    assert loop.look() == []
    page = read_report(served.runs / "demo" / PAGE)
    assert page.headline == "No rows have come since the serving model was trained."


def noise_starts_nothing(served: Home) -> None:
    for number in (1, 2, 3):
        add_window(served.path, number)
    (served.path / "new" / "window-04.csv").write_text(rows(104, 40))
    (served.path / "new" / "window-05.csv").write_text("nonsense\n1\n")
    decided = served.loop().look()
    assert [entry.sentence for entry in decided if entry.reason is Reason.WINDOW] == [
        f"window-0{number}.csv: nothing drifted in {WINDOW} rows." for number in (1, 2, 3)
    ]
    assert kinds(decided) == [(Action.SUPPRESS, Reason.UNKNOWN)] * 2
    assert "40 rows" in decided[-2].sentence
    assert served.loop().look() == [], "what was decided once is not decided again by the next process"
    assert served.run_count() == 1
    for number in (4, 5):
        (served.path / "new" / f"window-0{number}.csv").unlink()


def drift_without_targets_starts_nothing(served: Home) -> None:
    for number in (6, 7):
        add_window(served.path, number, drifted=True, labelled=False)
    for number in (1, 2, 3):
        (served.path / "new" / f"window-0{number}.csv").unlink()
    decided = served.loop().look()
    assert kinds(decided) == [(Action.SUPPRESS, Reason.FEW_ROWS)]
    assert decided[-1].sentence == "0 new rows carry a target; retrain.min_rows asks for 500."
    for number in (6, 7):
        (served.path / "new" / f"window-0{number}.csv").unlink()
    assert served.run_count() == 1


def spoilt_targets_are_refused_and_the_old_model_stays(served: Home) -> None:
    for number in (8, 9):
        add_window(served.path, number, drifted=True, shuffled=True)
    loop = served.loop()
    before = loop.label
    decided = loop.look()
    assert kinds(decided) == [(Action.START, Reason.CAUSE), (Action.PAGE, Reason.NOT_PROMOTED)]
    assert "better than a constant on the newest rows" in decided[-1].sentence
    assert loop.label == before
    assert served.run_count() == 2
    assert loop.look() == [], "the same cause has no second run"
    assert served.run_count() == 2
    page = read_report(served.runs / "demo" / PAGE)
    assert page.level == "bad"
    assert page.headline.startswith("A person must look. The old model stays.")

    refused = page_table(served, "Candidates beside the serving model").rows[0]
    assert refused[:2] == ("2", "refused")
    assert "0." in refused[2] and "serving" in refused[3]


def within_the_cooldown_nothing_starts(served: Home) -> None:
    for number in (8, 9):  # a person takes the spoilt files away
        (served.path / "new" / f"window-0{number}.csv").unlink()
    for number in (11, 12):
        add_window(served.path, number, drifted=True)
    decided = served.loop().look()
    assert kinds(decided) == [(Action.SUPPRESS, Reason.COOLDOWN)]
    assert served.run_count() == 2


def page_table(served: Home, title: str) -> Any:
    page = read_report(served.runs / "demo" / PAGE)
    return next(block for block in page.blocks if getattr(block, "title", "") == title)


def drift_gives_one_run_and_a_better_model(served: Home) -> None:
    served.hours += 2
    loop = served.loop()
    before = loop.label
    decided = loop.look()
    assert kinds(decided) == [(Action.START, Reason.CAUSE), (Action.NOTE, Reason.PROMOTED)]
    assert loop.label != before
    assert served.run_count() == 3
    values = RunFolder(served.runs / "demo" / "3").values()
    named = [Path(path).name for path in sources_of(values["arguments"]["data"])]
    assert named == ["demo.csv", "window-11.csv", "window-12.csv"]
    assert kinds(loop.look()) == [(Action.NOTE, Reason.RESOLVED)]
    assert loop.look() == []
    assert read_report(served.runs / "demo" / PAGE).level == "info"
    told = page_table(served, "Candidates beside the serving model")
    assert [row[:2] for row in told.rows] == [("3", "promoted"), ("2", "refused")]


def after_the_budget_a_person_is_called(served: Home) -> None:
    served.hours += 2
    for number in (13, 14):
        add_window(served.path, number, drifted=True)
    decided = served.loop().look()
    assert kinds(decided) == [(Action.PAGE, Reason.BUDGET)]
    assert served.run_count() == 3


def rows_of_an_earlier_retraining_are_kept_and_never_new_again(served: Home) -> None:
    loop = served.loop()
    new = loop._rows()
    assert [one.window.label for one in new] == ["window-13.csv", "window-14.csv"]
    assert [Path(path).name for path in loop._files(new)] == [f"window-{number}.csv" for number in (11, 12, 13, 14)]


def the_history_is_on_the_console(served: Home) -> None:
    shown = CliRunner().invoke(app, ["history", "demo", "--runs", str(served.runs)])
    assert shown.exit_code == 0
    promoted, _, decided = shown.output.partition("\nRetraining:\n")
    assert len(promoted.splitlines()) == 2
    lines = decided.splitlines()
    assert "a person" in lines[0] and "budget" in lines[0]
    assert any("retrain " in line for line in lines)
    once = CliRunner().invoke(app, ["watch", str(served.plan_path), "--runs", str(served.runs), "--once"])
    assert once.exit_code == 3, once.output


@pytest.mark.slow
@pytest.mark.soak
def test_the_loop_decides_rightly_from_no_rows_to_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, in one test: each step goes on where the one before it ended."""
    served = served_project(tmp_path)
    no_data_starts_nothing(served)
    noise_starts_nothing(served)
    drift_without_targets_starts_nothing(served)
    spoilt_targets_are_refused_and_the_old_model_stays(served)
    within_the_cooldown_nothing_starts(served)
    drift_gives_one_run_and_a_better_model(served)
    after_the_budget_a_person_is_called(served)
    rows_of_an_earlier_retraining_are_kept_and_never_new_again(served)
    a_registry_that_is_removed_meanwhile_is_named(served)
    the_history_is_on_the_console(served)
    a_run_that_was_killed_calls_a_person_and_is_not_repeated(served)
    a_run_beside_the_loop_is_awaited(served)
    the_promoted_model_serves_meanwhile(served)
    what_a_killed_watch_left_serving_is_taken_over(served)
    a_second_watch_is_refused(served)
    a_turn_that_cannot_be_kept_is_told_once_and_tried_again(served, monkeypatch)
    watching_stops_when_it_is_told_to(served)
    a_dataset_that_is_gone_is_named(served)
    a_plan_without_new_rows_is_not_watched(served)
    a_schedule_starts_a_run_whether_or_not_rows_drifted(served)
    a_run_that_takes_too_long_is_ended_and_calls_a_person_once(served)
    a_run_that_failed_is_tried_again(served)
    labels_that_show_a_worse_model_give_one_run_and_a_better_one(served, monkeypatch)
    rows_that_differ_as_a_whole_are_noted_and_start_nothing(served)
