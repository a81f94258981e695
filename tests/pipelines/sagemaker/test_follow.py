"""Runs that ended, followed from their first step: what a person sees, what lies in the run folder, the exit status."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sagemaker_jobs import JobRunner
from sagemaker_plans import ACCOUNT, ROLE, ROOT

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.manifest import verify
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.sagemaker.follow import follow
from sevenfold.pipelines.sagemaker.service import Execution, StepState
from sevenfold.pipelines.sagemaker.submit import Submitted, run_folder
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.view import RunView

ARN = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:pipeline/demo/execution/"


class Service:
    """Answers as SageMaker does of a run that was carried out here; each question shows one more step."""

    def __init__(self, made: JobRunner, status: str) -> None:
        self.made, self.status, self.asked = made, status, 0
        kinds = {step["Name"]: step["Type"] for step in made.definition["Steps"]}
        self.all = [
            StepState(
                name=name,
                status=ended.status,
                reason=ended.message if name == "refused" else "AlgorithmError: exit code: 1",
                job="" if name in ("gate", "refused", "register-model") else "job-1",
                training=kinds.get(name) == "Training",
                seconds=2.0,
            )
            for name, ended in made.ended.items()
        ]

    def execution(self, arn: str) -> Execution:
        self.asked += 1
        return Execution(arn, "demo", self.status if self.asked > len(self.all) else "Executing")

    def steps(self, arn: str) -> list[StepState]:
        return self.all[: self.asked]

    def message(self, step: StepState) -> str:
        return self.made.ended[step.name].message


def followed(made: JobRunner, status: str, home: Path, **changes: Any) -> tuple[Result, str]:
    """Return how a run ended and what was printed."""
    service, printed = Service(made, status), io.StringIO()
    for name, value in changes.items():
        setattr(service, name, value)
    sent = Submitted(ARN + made.execution, "demo", run_folder(home, made.execution))
    store = Store(made.path(ROOT).as_uri())
    view = RunView(Console(file=printed, width=200))
    result = follow(sent, service, store, view, sleep=lambda _: None)  # type: ignore[arg-type]
    return result, printed.getvalue()


def test_a_promoted_run_leaves_what_a_local_run_leaves(promoted: JobRunner, tmp_path: Path) -> None:
    result, printed = followed(promoted, "Succeeded", tmp_path)
    assert (result.state, result.exit_status) == ("promoted", 0)
    assert [line[2:14].strip() for line in printed.splitlines() if line[:1] in "✓!"] == [
        *("1 design", "2 preparatio", "3 tuning", "4 training", "5 testing"),
        *("6 inference", "6 inference", "7 monitoring"),
    ]
    folder = result.folder
    home = promoted.path(f"{ROOT}/demo/{promoted.execution}/train-model/bundle")
    assert Bundle.open(folder / "bundle").digest == Bundle.open(home).digest
    for task, output in (("judge-canary", "verdict"), ("monitor-model", "watch"), ("test-model", "evaluation")):
        verify(folder / "artifacts" / promoted.execution / task / output)
    assert (folder / "notebook.ipynb").is_file()
    assert not list(folder.glob("artifacts/*/prepare-data/dataset"))  # rows stay where they are
    assert result.report is not None
    assert all(title in result.report.read_text() for title in ("Design", "Tuning", "Inference", "Monitoring"))
    assert "release-model: Succeeded, log /aws/sagemaker/ProcessingJobs job-1" in (folder / "log.txt").read_text()


def test_a_refused_run_ends_with_status_3_and_the_gates_sentence(refused: JobRunner, tmp_path: Path) -> None:
    result, _ = followed(refused, "Failed", tmp_path)
    assert (result.state, result.exit_status) == ("refused", 3)
    assert refused.ended["refused"].message == f"The model was refused: {result.sentence}"
    assert Bundle.open(result.folder / "bundle").folder.name == "bundle"  # of a training job


def test_a_failed_job_ends_with_its_own_cause_and_status(broken: JobRunner, tmp_path: Path) -> None:
    result, printed = followed(broken, "Failed", tmp_path)
    assert (result.state, result.exit_status) == ("failed", 2)
    assert "'b'" in result.sentence
    assert "✗ 2 preparation" in printed
    assert json.loads((result.folder / "error.json").read_text())["task"] == "prepare-data"


def test_a_job_that_left_no_cause_ends_with_what_sagemaker_says(broken: JobRunner, tmp_path: Path) -> None:
    reason = "ClientError: The account-level service limit 'ml.m5.xlarge for processing job usage' is 0 Instances"
    step = StepState("prepare-data", "Failed", reason)
    result, _ = followed(broken, "Failed", tmp_path, all=[step], message=lambda step: step.reason)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "(aws_quota)" in result.sentence
    assert "sagemaker.machines" in result.sentence


def test_a_model_that_could_not_be_registered_is_a_failed_run(promoted: JobRunner, tmp_path: Path) -> None:
    reason = f"AccessDenied: {ROLE} is not authorized to perform sagemaker:CreateModelPackage"
    steps = [step for step in Service(promoted, "Failed").all if step.name != "register-model"]
    failed = StepState("register-model", "Failed", reason)
    result, _ = followed(promoted, "Failed", tmp_path, all=[*steps, failed], message=lambda step: step.reason)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "register-model failed (aws_permission)" in result.sentence


@pytest.mark.parametrize(("status", "code"), [("Stopped", "stopped"), ("Failed", "aws_permission")])
def test_a_run_that_ended_before_its_first_step_says_why(
    broken: JobRunner, tmp_path: Path, status: str, code: str
) -> None:
    reason = f"AccessDenied: {ROLE} is not authorized to perform sagemaker:CreateProcessingJob"

    def execution(arn: str) -> Execution:
        return Execution(arn, "demo", status, reason)

    result, _ = followed(broken, status, tmp_path, all=[], execution=execution)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert f"({code})" in result.sentence
