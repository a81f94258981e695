"""Retrainings on a Kubeflow that stands in: started once, also after a kill, and followed to what was decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError, PolicyError, TemporaryError
from sevenfold.contracts.manifest import seal
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.receive import Received, receiving
from sevenfold.pipelines.kubeflow.retrain import KubeflowRunner
from sevenfold.pipelines.kubeflow.submit import Submission
from sevenfold.pipelines.releases import JOURNAL
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan
from sevenfold.plan.monitoring import RetrainSection, Trigger

DECIDED = RunEntry(decision=1, name="demo", cause="c1", details={}, run="", state="decided")


@pytest.fixture
def drifting(plan: Plan, tmp_path: Path) -> Plan:
    (tmp_path / "root").mkdir()
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    (tmp_path / "plan.yaml").write_text("version: 1\n")
    return plan.model_copy(update={"retrain": RetrainSection(trigger=Trigger.DRIFT)})


@pytest.fixture
def runner(kubeflow: Any, drifting: Plan, tmp_path: Path) -> KubeflowRunner:
    asked = Submission(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    return KubeflowRunner(
        submissions={"demo": asked},
        plans={"demo": drifting},
        connect=lambda: Engine(kubeflow.url),
        store=Store(f"file://{tmp_path / 'root'}"),
        runs=tmp_path / "runs",
    )


def leave(tmp_path: Path, run: str, decision: str) -> None:
    home = tmp_path / "root" / "demo" / run / "test-model" / "attempt" / "evaluation"
    home.mkdir(parents=True)
    (home / "evaluation.json").write_text(json.dumps({"decision": decision, "sentence": "Because."}))
    (home.parent / "executor-logs-0").write_text("done\n")
    seal(home, expected=["evaluation.json"])


def test_a_run_is_known_by_its_cause(runner: KubeflowRunner, kubeflow: Any) -> None:
    assert runner.find(DECIDED) == ""
    run = runner.start(DECIDED)
    assert kubeflow.runs[0]["display_name"] == "demo retrain c1"
    assert runner.find(DECIDED) == run, "also by a process that did not start it"
    assert b"max_forgetting" in kubeflow.uploads[-1], "its test compares it with the model that serves by then"


def test_a_run_that_goes_on_has_no_ending(runner: KubeflowRunner, kubeflow: Any, tmp_path: Path) -> None:
    run = runner.start(DECIDED)
    kubeflow.script = [("RUNNING", {"test-model": "RUNNING"})]
    assert runner.ending(run) is None
    leave(tmp_path, run, "refuse")
    kubeflow.script = [("SUCCEEDED", {"test-model": "SUCCEEDED"})]
    assert runner.ending(run) == ("refused", "Because.")


def test_a_run_that_was_deleted_is_over(runner: KubeflowRunner, kubeflow: Any) -> None:
    run = runner.start(DECIDED)
    other = runner.start(replace(DECIDED, cause="c2"))
    kubeflow.runs = [each for each in kubeflow.runs if each["run_id"] == other]
    kubeflow.script = [("RUNNING", {})]
    assert runner.ending(run) == ("gone", f"Kubeflow does not know run {run} any more.")
    assert runner.ending(other) is None


def test_an_endpoint_that_lets_nobody_in_ends_no_run(runner: KubeflowRunner, kubeflow: Any, tmp_path: Path) -> None:
    run, engine = runner.start(DECIDED), Engine(kubeflow.url)

    def refuse(*_: Any) -> Any:
        raise PolicyError("endpoint_refused", "It answered with status 404: no such route.")

    engine.run = engine.runs = refuse  # type: ignore[method-assign, assignment]
    closed = replace(runner, connect=lambda: engine)
    with pytest.raises(TemporaryError, match="no such route"):
        closed.ending(run)
    with pytest.raises(TemporaryError, match="no such route"):
        replace(runner, connect=refuse).ending(run)


def test_new_rows_are_read_beside_the_old_ones(runner: KubeflowRunner, drifting: Plan, tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    new.write_text("a,b,y\n2,0,q\n")
    section = drifting.retrain.model_copy(update={"data": str(new)})
    runner.plans["demo"] = drifting.model_copy(
        update={
            "retrain": section,
            "data": drifting.data.model_copy(update={"source": str(tmp_path / "demo.csv"), "digest": ""}),
        }
    )
    assert runner.table("demo") == json.dumps([str(tmp_path / "demo.csv"), str(new)])
    alone = section.model_copy(update={"keep_rows": False})
    runner.plans["demo"] = drifting.model_copy(update={"retrain": alone})
    assert runner.table("demo") == str(new)
    runner.plans["demo"] = drifting
    assert runner.table("demo") == ""


def received(drifting: Plan, tmp_path: Path, kubeflow: Any) -> Received:
    (tmp_path / "credential").write_text("0123456789abcdef\n")
    return Received(
        plans=((tmp_path / "plan.yaml", drifting),),
        credential=tmp_path / "credential",
        folder=tmp_path / "runs",
        port=0,
        endpoint=kubeflow.url,
        root=f"file://{tmp_path / 'root'}",
    )


def test_an_endpoint_that_is_away_loses_no_decision(drifting: Plan, kubeflow: Any, tmp_path: Path) -> None:
    away = True

    def connect() -> Engine:
        if away:
            raise TemporaryError("endpoint_unreachable", "It does not answer.")
        return Engine(kubeflow.url)

    given = received(drifting, tmp_path, kubeflow)
    cause = Cause(name="demo", keys=("c1",), since=0.0, evidence="a drifted")
    with receiving(given, lambda text: None, connect) as receiver:
        decision = receiver.retrainer.take(cause)
        assert decision is not None and decision.action is Action.START
        assert receiver.retrainer.work() == ["It does not answer."]
    assert kubeflow.runs == []
    away = False
    kubeflow.script = [("RUNNING", {})]
    with receiving(given, lambda text: None, connect) as receiver:
        again = receiver.retrainer.take(cause)
        assert again is not None and again.reason is Reason.DUPLICATE
        receiver.retrainer.work()
    assert [run["display_name"] for run in kubeflow.runs] == ["demo retrain c1"]
    assert [run.state for run in Journal(tmp_path / "runs" / JOURNAL).runs("demo")] == ["started"]


def test_what_cannot_be_received_is_refused(plan: Plan, drifting: Plan, kubeflow: Any, tmp_path: Path) -> None:
    given = received(plan, tmp_path, kubeflow)
    with pytest.raises(PolicyError) as untriggered, receiving(given, lambda text: None):
        pass
    assert untriggered.value.code == "nothing_to_receive"
    by_clock = drifting.model_copy(
        update={"retrain": drifting.retrain.model_copy(update={"trigger": Trigger.SCHEDULE, "every_hours": 1.0})}
    )
    with receiving(received(by_clock, tmp_path, kubeflow), lambda text: None, lambda: kubeflow) as receiver:
        receiver.retrainer.tick()
    assert [entry.reason.value for entry in receiver.retrainer.journal.entries()] == ["scheduled"]
    given = received(drifting, tmp_path, kubeflow)
    twice = Received(**{**vars(given), "plans": given.plans * 2})
    with pytest.raises(PolicyError) as doubled, receiving(twice, lambda text: None):
        pass
    assert doubled.value.code == "plan_twice"
    [(path, watched)] = given.plans
    lost = watched.model_copy(update={"design": watched.design.model_copy(update={"notebook": "lost.ipynb"})})
    incomplete = Received(**{**vars(given), "plans": ((path, lost),)})
    with pytest.raises(DataError) as missing, receiving(incomplete, lambda text: None):
        pass
    assert missing.value.code == "missing_file"
    for content in ("short", "é" * 30):
        given.credential.write_text(content)
        with pytest.raises(DataError) as unreadable, receiving(given, lambda text: None):
            pass
        assert unreadable.value.code == "bad_credential"
