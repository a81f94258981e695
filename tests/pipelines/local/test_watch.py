"""Watching while a turn lasts: what serves is kept up, decisions are told at once, and nothing is left running."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pytest
from loop_causes import CREDENTIAL, feed_back
from loop_home import Home
from loop_tables import rows
from rich.console import Console
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from trained_project import trained_project

from sevenfold.contracts.service import LocalService, read_unsealed_service
from sevenfold.monitoring.retrain.history_report import entry_line
from sevenfold.monitoring.retrain.journal import Entry
from sevenfold.pipelines.local import promoted_service, watch
from sevenfold.pipelines.local.loop import PAGE
from sevenfold.pipelines.local.promoted_service import SERVED, PromotedService
from sevenfold.report import Chart, Facts
from sevenfold.report.page import read_report
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.serving.local import predictor
from sevenfold.serving.local.predictor import runs


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = trained_project(tmp_path_factory.mktemp("watched").resolve() / "project")
    made.loop().look()
    return made


def predictors_of(home: Home) -> list[psutil.Process]:
    """Return the processes that serve from this project's registry."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(home.path) in part for part in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_in_a_long_turn_what_serves_is_kept_up_and_decisions_are_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, loop = io.StringIO(), home.loop()
    decided = loop.journal.entries("demo")[:1]
    monkeypatch.setattr(watch, "KEEP_SECONDS", 0.05)

    def serving() -> LocalService:
        return read_unsealed_service(LocalService, home.runs / "demo" / SERVED)

    def long_turn(tell: Callable[[list[Entry]], None]) -> list[Entry]:
        """A turn with a retraining in it, during which somebody kills what serves."""
        tell(decided)
        assert entry_line(decided[0]) in printed.getvalue()
        left = serving()
        os.kill(left.pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while printed.getvalue().count("serving at") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert serving().pid != left.pid and runs(serving())
        return decided

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "look", long_turn)
    with pytest.raises(KeyboardInterrupt):
        watch.watch_loop(loop, Console(file=printed, width=1_000), sleep=stop)
    assert printed.getvalue().count("serving at") == 2
    assert printed.getvalue().count(entry_line(decided[0])) == 1, "what was told before is not told again"
    assert not predictors_of(home)


def test_a_plan_that_is_spoilt_meanwhile_is_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    printed, loop, good = io.StringIO(), home.loop(), home.plan_path.read_text()
    turns: list[bool] = []
    monkeypatch.setattr(loop, "look", lambda tell: turns.append(home.plan_path.read_text() == good) or [])
    pauses = iter(range(5))

    def edit(_: float) -> None:
        match next(pauses):
            case 0:
                home.plan_path.write_text(good.replace("task: ", "task: x"))
            case 2:
                home.plan_path.write_text(good)
            case 3:
                raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            watch.watch_loop(loop, Console(file=printed, width=1_000), sleep=edit)
    finally:
        home.plan_path.write_text(good)
    assert turns == [True, True], "before and after, and never with the spoilt plan"
    assert printed.getvalue().count("waits: ") == 1
    assert "data.task" in printed.getvalue()


def test_a_plan_that_is_edited_meanwhile_is_followed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules and limits too, not only what a run reads of it; and not where it may be watched no longer."""
    printed, loop, good = io.StringIO(), home.loop(), home.plan_path.read_text()
    before, seen = loop.plan, []
    monkeypatch.setattr(loop, "look", lambda tell: seen.append(loop.plan) or [])
    later = f"{good}\nbudget: {{hours: 7}}\n"
    assert "budget:" not in good
    edits = iter(
        [later, later.replace("trigger: drift", "trigger: none"), later.replace("name: ", "name: other-"), good]
    )

    def edit(_: float) -> None:
        if (text := next(edits, "")) == "":
            raise KeyboardInterrupt
        home.plan_path.write_text(text)

    try:
        with pytest.raises(KeyboardInterrupt):
            watch.watch_loop(loop, Console(file=printed, width=1_000), sleep=edit)
    finally:
        home.plan_path.write_text(good)
    assert [plan.budget.hours for plan in seen] == [before.budget.hours, 7, before.budget.hours]
    assert seen[0] == seen[2] == before
    assert printed.getvalue().count("goes on by plan.yaml as it is now") == 2
    assert printed.getvalue().count("waits: ") == 2
    assert "retrain.trigger is none" in printed.getvalue() and "keep its name 'demo'" in printed.getvalue()


def test_the_page_shows_the_scores_of_labels_over_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", CREDENTIAL)
    printed, pages = io.StringIO(), []
    world = rows(900, 60)

    def feed(_: float) -> None:
        pages.append(read_report(home.runs / "demo" / PAGE))
        if len(pages) == 2:
            raise KeyboardInterrupt
        port = read_unsealed_service(LocalService, home.runs / "demo" / SERVED).feedback_port
        assert feed_back(port, world) == 60

    with pytest.raises(KeyboardInterrupt):
        watch.watch_loop(home.loop(), Console(file=printed, width=1_000), takes_feedback=True, sleep=feed)
    known = [fact for block in pages[0].blocks if isinstance(block, Facts) for fact in block.facts]
    [unknown] = [fact for fact in known if fact.label == "Scores by labels"]
    assert (unknown.value, unknown.hint) == ("unknown", "no label came back within 24 hours")
    charts = {block.title: block for block in pages[1].blocks if isinstance(block, Chart)}
    points = charts["Score by labels that came back"].spec["data"]["values"]
    values = {row["series"]: row["y"] for row in points}
    table = pd.read_csv(io.StringIO(world))
    loop = home.loop()
    bundle = loop.registry.bundle(loop.serving.bundle)
    predicted = Scorer(bundle.model_path, bundle.signature).predict(
        feeds_from_table(pa.Table.from_pandas(table[list(bundle.signature.inputs)]), bundle.signature.inputs)
    )
    assert predicted.labels is not None
    assert values["accuracy"] == pytest.approx(accuracy_score(table["y"], predicted.labels))
    assert values["balanced accuracy"] == pytest.approx(balanced_accuracy_score(table["y"], predicted.labels))
    assert "Recall by class, by labels that came back" in charts


def test_ctrl_c_leaves_no_predictor_that_nobody_knows_of(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come while the predictor starts, or before it is on record."""

    def interrupted(*_: object, **__: object) -> None:
        assert predictors_of(home), "the process is there already"
        raise KeyboardInterrupt

    for module, name in ((predictor, "wait_until"), (promoted_service, "write_service")):
        with monkeypatch.context() as patch, PromotedService(home.loop()) as service:
            patch.setattr(module, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                service.keep()
        assert not predictors_of(home)


def test_the_file_of_the_credential_may_be_named_from_where_watch_was_started(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credential").write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL_FILE", "credential")
    with PromotedService(home.loop(), takes_feedback=True) as service:
        assert service.keep()
        assert service.service is not None and service.service.feedback_port
