"""The loop on one machine, with real runs: nothing, noise, spoilt targets, then drift; each with the right decision."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from loop_home import Home, kinds, served_project
from loop_tables import WINDOW, add_window, rows
from rich.console import Console
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Entry, RunEntry
from sevenfold.pipelines.local.loop import PAGE, LocalLoop
from sevenfold.pipelines.local.promoted_service import PromotedService
from sevenfold.pipelines.local.runner import LocalRunner
from sevenfold.pipelines.local.watch import sole_watch, watch_loop
from sevenfold.pipelines.retrain import earlier_dataset
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import load_plan
from sevenfold.report.page import read_report
from sevenfold.runtime.environment import RUN_DIR
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.local.predictor import runs
from sevenfold.tables.sources import sources_of

CREDENTIAL = "a-credential-of-the-tests"


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


def a_schedule_starts_a_run_whether_or_not_rows_drifted(served: Home) -> None:
    text = served.plan_path.read_text()
    by_clock = text.replace("trigger: drift", "trigger: schedule, every_hours: 6").replace("_day: 2", "_day: 9")
    served.plan_path.write_text(by_clock)
    started: list[list[str]] = []

    def look() -> list[tuple[Action, Reason]]:
        loop = served.loop()
        loop._retrainer._runner = Waiting(started)
        return kinds(loop.look())

    try:
        assert look() == [(Action.NOTE, Reason.SCHEDULED)]
        served.hours += 5
        assert look() == []
        served.hours += 20
        assert look() == [(Action.START, Reason.CAUSE), (Action.PAGE, Reason.WAITING)], "three missed ticks are one"
        assert [[Path(path).name for path in paths] for paths in started] == [
            [f"window-{number}.csv" for number in (11, 12, 13, 14)]
        ]
        for number in (13, 14):
            (served.path / "new" / f"window-{number}.csv").unlink()
        served.hours += 6
        assert look() == [(Action.SUPPRESS, Reason.FEW_ROWS)]
        assert look() == [], "a tick is decided once"
    finally:
        served.plan_path.write_text(text)
        for number in (13, 14):
            add_window(served.path, number, drifted=True)


@dataclass
class Waiting:
    """Stands in for a run, which ends with a candidate that waits."""

    started: list[list[str]]

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.details["data"])
        return decided.cause

    def ending(self, run: str) -> tuple[str, str]:
        return "waiting", "It waits."


def rows_of_an_earlier_retraining_are_kept_and_never_new_again(served: Home) -> None:
    loop = served.loop()
    new = loop._rows()
    assert [one.window.label for one in new] == ["window-13.csv", "window-14.csv"]
    assert [Path(path).name for path in loop._files(new)] == [f"window-{number}.csv" for number in (11, 12, 13, 14)]


def a_registry_that_is_removed_meanwhile_is_named(served: Home) -> None:
    loop, registry = served.loop(), served.runs / "demo" / "registry"
    registry.rename(served.path / "registry")
    try:
        with pytest.raises(PolicyError) as caught:
            loop.look()
    finally:
        (served.path / "registry").rename(registry)
    assert caught.value.code == "nothing_promoted"


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


def a_run_that_was_killed_calls_a_person_and_is_not_repeated(served: Home) -> None:
    loop = served.loop()
    runner = LocalRunner(
        plan_path=served.plan_path, plan=loop.plan, runs=served.runs, console=Console(file=io.StringIO()), sources=()
    )
    (run, *_) = loop.journal.runs("demo")
    assert runner.find(run) == "2"
    folder = RunFolder((served.runs / "demo" / "9").resolve())
    folder.path.mkdir()
    folder.record(state="running")
    waiting = [sys.executable, "-c", "import time; time.sleep(600)"]
    left = subprocess.Popen(waiting, env={**os.environ, RUN_DIR: str(folder.path)})
    assert runner.ending("9")[0] == "interrupted"
    assert left.wait(10) != 0, "what a killed run left behind is ended"
    assert folder.values()["state"] == "interrupted"
    folder.record(state="refused", sentence="No.")
    assert runner.ending("9") == ("refused", "No.")
    promoted = RunFolder(served.runs / "demo" / loop.serving.run)
    sentence = promoted.values()["sentence"]
    promoted.record(state="running")
    assert runner.ending(loop.serving.run)[0] == "promoted", "it was killed after its model was promoted"
    promoted.record(state="promoted", sentence=sentence)


def the_promoted_model_serves_meanwhile(served: Home) -> None:
    with PromotedService(served.loop()) as service:
        assert service.keep()
        assert service.service is not None
        with InferenceClient(service.service.url, "demo", timeout_seconds=10.0) as client:
            assert client.ready()
            promoted: Bundle = served.loop().registry.bundle(served.loop().serving.bundle)
            assert client.bundle == promoted.digest
        assert not service.keep(), "it serves already"


def what_a_killed_watch_left_serving_is_taken_over(served: Home) -> None:
    killed = PromotedService(served.loop())
    assert killed.keep() and killed.service is not None
    with PromotedService(served.loop()) as service:
        assert service.keep(), "its address is told to whoever watches now"
        assert service.service == killed.service
    assert not runs(killed.service), "whoever ends stops what serves"


def a_second_watch_is_refused(served: Home) -> None:
    with sole_watch(served.runs / "demo"), pytest.raises(PolicyError) as caught:
        watch_loop(served.loop(), Console(file=io.StringIO()), once=True)
    assert caught.value.code == "already_watched"


def a_turn_that_cannot_be_kept_is_told_once_and_tried_again(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    printed, loop = io.StringIO(), served.loop()
    decided = len(loop.journal.entries("demo"))
    monkeypatch.setattr(loop, "look", full_disk)

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 2:
            monkeypatch.undo()
        if len(turns) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_loop(loop, Console(file=printed), sleep=sleep)
    assert printed.getvalue().count("waits: [Errno 28] No space left on device") == 1
    assert printed.getvalue().count("serving at") == 1, "the model goes on serving"
    assert len(loop.journal.entries("demo")) == decided


def full_disk() -> list[Entry]:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def watching_stops_when_it_is_told_to(served: Home) -> None:
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 2:
            raise KeyboardInterrupt

    printed = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        watch_loop(served.loop(), Console(file=printed), every_seconds=5.0, sleep=sleep)
    assert turns == [5.0, 5.0]
    assert printed.getvalue().count("serving at http://127.0.0.1:") == 1
    facts = [fact for block in read_report(served.runs / "demo" / PAGE).blocks for fact in getattr(block, "facts", ())]
    assert [fact.value for fact in facts if fact.label == "requests"] == [0], "the running predictor was asked"


def labels_that_show_a_worse_model_give_one_run_and_a_better_one(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """No feature drifts; true targets that come back are the cause, and windows with targets are what is learnt."""
    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", CREDENTIAL)
    text = served.plan_path.read_text()
    # what was true before is false now: the old rows teach nothing, and the old test rows ask for the old answers
    served.plan_path.write_text(text.replace("max_forgetting: 0.05", "max_forgetting: 1, keep_rows: false"))
    for number in (13, 14):
        (served.path / "new" / f"window-{number}.csv").unlink()
    for number in (15, 16):
        add_window(served.path, number, changed=True)
    served.hours += 24
    loop = served.loop()
    before, count = loop.label, served.run_count()
    with PromotedService(loop, takes_feedback=True) as service:
        assert service.keep()
        assert service.service is not None and service.service.feedback_port
        assert feed_back(service.service.feedback_port, rows(900, 600, changed=True)) == 600
        labels = service.labels()
        assert labels is not None
        loop.take_labels(labels.counted, labels.process)
        decided = loop.look()
    assert kinds(decided) == [
        (Action.NOTE, Reason.LABELS),
        (Action.START, Reason.CAUSE),
        (Action.NOTE, Reason.PROMOTED),
    ]
    assert "by 600 labels of 24 hours accuracy is 0." in decided[-2].sentence
    assert loop.label != before
    assert served.run_count() == count + 1
    assert served.loop().look() == [], "labels about the old model say nothing of the new one"


def feed_back(port: int, table: str) -> int:
    """Send rows and their targets to a port for labels; return how many were scored."""
    lines = [dict(row) for row in csv.DictReader(io.StringIO(table))]
    instances = [{name: float(row[name]) for name in "abc"} for row in lines]
    body = json.dumps({"instances": instances, "labels": [row["y"] for row in lines]}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {CREDENTIAL}"}
    request = Request(f"http://127.0.0.1:{port}/v1/models/demo:feedback", body, headers)
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return int(json.load(answer)["scored"])


def rows_that_differ_as_a_whole_are_noted_and_start_nothing(served: Home) -> None:
    text = served.plan_path.read_text()
    served.plan_path.write_text(text.replace("min_rows: 200", "min_rows: 200, subtle: true"))
    for path in (served.path / "new").glob("window-1[56].csv"):
        path.unlink()
    add_window(served.path, 17, tied=True)
    count = served.run_count()
    decided = served.loop().look()
    assert [entry.reason for entry in decided] == [Reason.WINDOW, Reason.ROWS]
    assert "nothing drifted" in decided[0].sentence
    assert re.match(
        r"window-17\.csv, as a whole: told from the training rows by (b, c|c, b) \(AUC 0\.", decided[1].sentence
    )
    assert served.run_count() == count
    page = read_report(served.runs / "demo" / PAGE)
    assert any(getattr(block, "title", "") == "Rows as a whole" for block in page.blocks)
    assert served.loop().look() == [], "each window is told once"


def a_dataset_that_is_gone_is_named(served: Home) -> None:
    plan = load_plan(served.plan_path)
    with pytest.raises(PolicyError) as nothing:
        earlier_dataset(plan, served.path / "elsewhere")
    assert nothing.value.code == "nothing_promoted"
    gone = served.runs / "demo" / "3"
    gone.rename(served.path / "moved")
    try:
        with pytest.raises(DataError) as caught:
            earlier_dataset(plan, served.runs)
    finally:
        (served.path / "moved").rename(gone)
    assert caught.value.code == "no_earlier_dataset"


def a_plan_without_new_rows_is_not_watched(served: Home) -> None:
    plan = load_plan(served.plan_path)
    other = plan.model_copy(update={"retrain": plan.retrain.model_copy(update={"data": ""})})
    with pytest.raises(PolicyError) as caught:
        LocalLoop(served.plan_path, other, served.runs, Console(file=io.StringIO()))
    assert caught.value.code == "nothing_to_watch"


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
    the_promoted_model_serves_meanwhile(served)
    what_a_killed_watch_left_serving_is_taken_over(served)
    a_second_watch_is_refused(served)
    a_turn_that_cannot_be_kept_is_told_once_and_tried_again(served, monkeypatch)
    watching_stops_when_it_is_told_to(served)
    a_dataset_that_is_gone_is_named(served)
    a_plan_without_new_rows_is_not_watched(served)
    a_schedule_starts_a_run_whether_or_not_rows_drifted(served)
    labels_that_show_a_worse_model_give_one_run_and_a_better_one(served, monkeypatch)
    rows_that_differ_as_a_whole_are_noted_and_start_nothing(served)
