"""A retraining on Kubeflow beside other releases of the same model, and past its limit; Kubeflow stands in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import TemporaryError
from sevenfold.contracts.manifest import seal
from sevenfold.monitoring.retrain.journal import RunEntry
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.retrain import KubeflowRunner
from sevenfold.pipelines.kubeflow.submit import Submission, submit
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan
from sevenfold.plan.monitoring import RetrainSection, Trigger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
DECIDED = RunEntry(decision=1, name="demo", cause="c1", details={}, run="", state="decided", moment=NOON)


@pytest.fixture
def runner(kubeflow: Any, plan: Plan, tmp_path: Path) -> KubeflowRunner:
    (tmp_path / "root").mkdir()
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    (tmp_path / "plan.yaml").write_text("version: 1\n")
    asked = Submission(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    return KubeflowRunner(
        submissions={"demo": asked},
        plans={"demo": plan.model_copy(update={"retrain": RetrainSection(trigger=Trigger.DRIFT)})},
        connect=lambda: Engine(kubeflow.url),
        store=Store(f"file://{tmp_path / 'root'}"),
        runs=tmp_path / "runs",
    )


def by_hand(runner: KubeflowRunner, title: str = "demo by eva", name: str = "demo") -> str:
    """Start a run as a person would; return its id."""
    asked = replace(runner.submissions["demo"], title=title)
    plan = runner.plans["demo"].model_copy(update={"name": name})
    return submit(asked, plan, runner.connect(), runner.store, lambda text: None).run


def end(kubeflow: Any, run: str, state: str = "SUCCEEDED", at: float = NOON + 600) -> None:
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    for made in kubeflow.runs:
        if made["run_id"] == run:
            made.update(state=state, finished_at=moment, created_at=datetime.fromtimestamp(NOON - 60, UTC).isoformat())
    kubeflow.script = [(state, {"test-model": "SUCCEEDED", "judge-canary": "SUCCEEDED"})]


def leave(root: Path, run: str, verdict: str) -> None:
    """Leave what the stages of a run leave that was tested well, and judged so."""
    contents = {
        ("test-model", "evaluation", "evaluation.json"): {"decision": "promote", "sentence": "It is good."},
        ("deploy-model", "service", "service.json"): {},
        ("judge-canary", "verdict", "verdict.json"): {"decision": verdict, "sentence": "As judged."},
        ("monitor-model", "watch", "watch.json"): {},
    }
    for (task, output, file), content in contents.items():
        home = root / "demo" / run / task / "attempt" / output
        home.mkdir(parents=True)
        (home / file).write_text(json.dumps(content))
        seal(home, expected=[file])
        (home.parent / "executor-logs-0").write_text("done\n")


def test_a_run_of_the_same_plan_is_awaited_and_one_of_another_is_not(runner: KubeflowRunner, kubeflow: Any) -> None:
    assert runner.busy(DECIDED) == ""
    end(kubeflow, by_hand(runner, "another", "trains"), "RUNNING")
    assert runner.busy(DECIDED) == ""
    run = by_hand(runner)
    end(kubeflow, run, "RUNNING")
    assert runner.busy(DECIDED) == f"Run {run} (demo by eva) may release a model of demo: its end is awaited."
    end(kubeflow, run)
    assert runner.busy(DECIDED) == ""


def test_the_release_of_a_split_plan_is_awaited_too(runner: KubeflowRunner, kubeflow: Any) -> None:
    run = by_hand(runner, "demo-release by eva", "demo-release")
    end(kubeflow, run, "RUNNING")
    assert "demo-release by eva" in runner.busy(DECIDED)


@pytest.mark.parametrize(("verdict", "at", "needless"), [("promote", 600, True), ("rollback", 600, False)])
def test_what_another_release_promoted_makes_a_retraining_needless(
    runner: KubeflowRunner, kubeflow: Any, tmp_path: Path, verdict: str, at: float, needless: bool
) -> None:
    run = by_hand(runner)
    end(kubeflow, run, at=NOON + at)
    leave(tmp_path / "root", run, verdict)
    said = runner.overtaken(DECIDED)
    assert said == (f"Run {run} has promoted another model meanwhile." if needless else "")


def test_what_was_promoted_before_the_decision_is_what_it_is_about(
    runner: KubeflowRunner, kubeflow: Any, tmp_path: Path
) -> None:
    run = by_hand(runner)
    end(kubeflow, run, at=NOON - 3_600)
    leave(tmp_path / "root", run, "promote")
    assert runner.overtaken(DECIDED) == ""


def test_a_run_that_is_terminated_has_promoted_if_its_judge_had(
    runner: KubeflowRunner, kubeflow: Any, tmp_path: Path
) -> None:
    early, late = runner.start(DECIDED), runner.start(replace(DECIDED, cause="c2"))
    runner.terminate(late)
    assert kubeflow.terminated == [late]
    end(kubeflow, early, "FAILED")  # as Kubeflow has it of a run whose pod never started
    end(kubeflow, late, "CANCELED")
    for made in kubeflow.runs:
        if made["run_id"] == early:
            made["state_history"] = [{"state": state} for state in ("PENDING", "RUNNING", "CANCELING", "FAILED")]
    kubeflow.script = [("FAILED", {"test-model": "SUCCEEDED"})]
    assert runner.ending(early) == ("canceled", f"Run {early} was terminated.")
    leave(tmp_path / "root", late, "promote")
    state, sentence = runner.ending(late) or ("", "")
    assert state == "promoted"
    assert sentence.startswith("It failed after it had promoted its model: ")


def test_an_endpoint_that_is_away_leaves_all_as_it_is(runner: KubeflowRunner, kubeflow: Any) -> None:
    run = runner.start(DECIDED)
    kubeflow.page = (404, "no such route")
    with pytest.raises(TemporaryError):
        runner.terminate(run)
