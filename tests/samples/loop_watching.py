"""Steps of the local loop's story: what serves meanwhile, who watches, and what is gone or broken."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from loop_home import Home, kinds
from rich.console import Console

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Entry
from sevenfold.pipelines.local.loop import PAGE, LocalLoop
from sevenfold.pipelines.local.processes import processes_of
from sevenfold.pipelines.local.promoted_service import PromotedService
from sevenfold.pipelines.local.watch import sole_watch, watch_loop
from sevenfold.pipelines.retrain import earlier_dataset
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import load_plan
from sevenfold.report.page import read_report
from sevenfold.runtime.environment import RUN_DIR
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.local.predictor import runs


def a_registry_that_is_removed_meanwhile_is_named(served: Home) -> None:
    loop, registry = served.loop(), served.runs / "demo" / "registry"
    registry.rename(served.path / "registry")
    try:
        with pytest.raises(PolicyError) as caught:
            loop.look()
    finally:
        (served.path / "registry").rename(registry)
    assert caught.value.code == "nothing_promoted"


def a_run_that_was_killed_calls_a_person_and_is_not_repeated(served: Home) -> None:
    loop = served.loop()
    runner = served.runner()
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


def a_run_beside_the_loop_is_awaited(served: Home) -> None:
    runner = served.runner()
    (run, *_) = served.loop().journal.runs("demo")
    folder = RunFolder((served.runs / "demo" / "8").resolve())
    folder.path.mkdir()
    folder.record(state="running")
    waiting = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert runner.busy(run) == "", "it was killed"
    going_on = subprocess.Popen(waiting, env={**os.environ, RUN_DIR: str(folder.path)})
    try:
        assert runner.busy(run) == "Run 8 of demo goes on: its end is awaited."
    finally:
        runner.terminate("8")
    assert going_on.wait(10) != 0
    assert runner.busy(run) == ""
    shutil.rmtree(folder.path)
    label = served.loop().label
    assert runner.overtaken(replace(run, details={"bundle": label})) == ""
    assert runner.overtaken(replace(run, details={"bundle": "b0"})) == f"It is about bundle b0, and {label} serves."


def a_run_that_takes_too_long_is_ended_and_calls_a_person_once(served: Home) -> None:
    text = served.plan_path.read_text()
    served.plan_path.write_text(f"{text}budget: {{hours: 0.0003}}\n")
    served.hours += 24
    count = served.run_count()
    try:
        loop = served.loop()
        decided = kinds(loop.look())
        assert decided == [(Action.START, Reason.CAUSE), (Action.PAGE, Reason.OVERDUE)], decided
        assert loop.look() == []
    finally:
        served.plan_path.write_text(text)
    last = loop.journal.runs("demo")[-1]
    assert last.state == "overdue"
    assert RunFolder(served.runs / "demo" / last.run).values()["state"] == "overdue"
    assert processes_of((served.runs / "demo" / last.run).resolve()) == []
    assert served.run_count() == count + 1
    served.loop()._retrainer.acknowledge("demo", who="eva", reason="it has the time that it needs")


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


def full_disk(_: object) -> list[Entry]:
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
