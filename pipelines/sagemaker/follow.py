"""Follow a run on SageMaker to its end and copy what the stages left into the run folder."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.pipelines.causes import is_cause
from sevenfold.pipelines.result import SEALED, SEALED_WHEN_PROMOTED, Result, conclude
from sevenfold.pipelines.sagemaker.aws_errors import job_fault
from sevenfold.pipelines.sagemaker.definition import REFUSED
from sevenfold.pipelines.sagemaker.jobs import BUILD, RELEASE, JobSpec
from sevenfold.pipelines.sagemaker.service import Execution, SageMaker, StepState
from sevenfold.run_stage.stages import PAGES
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from sevenfold.pipelines.sagemaker.submit import Submitted
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.view import RunView

__all__ = ["address_of", "follow"]

POLL_SECONDS: Final = 10.0
FINAL: Final = frozenset({"Succeeded", "Failed", "Stopped"})
JOBS: Final = {job.name: job for job in (*BUILD, RELEASE)}
# By output, the task that it is of. The dataset stays where it is: its rows are nobody's business on this machine.
OWNERS: Final = {output: task for task, output in (*SEALED, *SEALED_WHEN_PROMOTED) if output != "dataset"}
LOGS: Final = "/aws/sagemaker/{}Jobs"


def follow(
    sent: Submitted, service: SageMaker, store: Store, view: RunView, *, sleep: Callable[[float], None] = time.sleep
) -> Result:
    """Show each stage as it begins and ends until the run ends, and return how it ended.

    The run folder then holds the reports, the bundle, the decision, and `report.html`. Ctrl-C leaves the run running.
    """
    shown: dict[str, str] = {}

    def ended() -> Execution | None:
        run = service.execution(sent.arn)  # first: what ended by then is among the steps
        for step in service.steps(sent.arn):
            if step.name in JOBS and shown.get(step.name) != step.status:
                if step.name not in shown:
                    for task in JOBS[step.name].stages:
                        view.start(task)
                shown[step.name] = step.status
                if step.status in FINAL:
                    _finish(sent, store, view, step)
        return run if run.status in FINAL else None

    with view:
        run = wait_until(ended, pause_seconds=POLL_SECONDS, sleep=sleep)
    steps = service.steps(sent.arn)
    _keep_cause(sent, service, run, steps)
    here = [pair for pair in SEALED if sent.folder.artifact(*pair) is not None]
    needed = tuple(pair for pair in SEALED if pair in here or pair == ("test-model", "evaluation"))
    refused = any(step.name == REFUSED for step in steps)
    return conclude(sent.folder, run.status == "Succeeded" or refused, sealed=needed)


def address_of(sent: Submitted, steps: list[StepState], name: str, output: str) -> str:
    """Return where below the bucket's root a step's output lies."""
    step = next(step for step in steps if step.name == name)
    return next(key for key, left in _left(sent, step, JOBS[name]) if left == output)


def _finish(sent: Submitted, store: Store, view: RunView, step: StepState) -> None:
    """Copy what a job left into the run folder, and show a line for each of its stages."""
    from sevenfold.report.page import read_report

    job, home = JOBS[step.name], sent.folder.path / "artifacts" / sent.run
    for key, output in _left(sent, step, job):
        store.copy(f"{store.root}/{key}", home / OWNERS[output] / output)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        store.copy(f"{store.root}/{_report(sent, step)}", Path(work))
        for task in job.stages:
            for name, file in PAGES.items():
                if (page := Path(work) / task / file).is_file():
                    (home / task).mkdir(parents=True, exist_ok=True)
                    shutil.copy(page, home / task / name)
    for number, task in enumerate(job.stages):
        page = home / task / "report"
        seconds = math.nan if number or step.seconds is None else step.seconds
        view.finish(task, step.status == "Succeeded", read_report(page) if page.is_file() else None, seconds)


def _left(sent: Submitted, step: StepState, job: JobSpec) -> Iterator[tuple[str, str]]:
    """Yield where in the bucket each output of a job lies that is brought here, and its name."""
    home = f"{sent.name}/{sent.run}/{step.name}"
    for output in job.left:
        if output in OWNERS:
            yield (f"{home}/{step.job}/output/model" if step.training else f"{home}/{output}"), output


def _report(sent: Submitted, step: StepState) -> str:
    home = f"{sent.name}/{sent.run}/{step.name}"
    return f"{home}/{step.job}/output/data/report" if step.training else f"{home}/report"


def _keep_cause(sent: Submitted, service: SageMaker, run: Execution, steps: list[StepState]) -> None:
    """Write how every step ended, and where its log is, to log.txt, and the cause of a failure to error.json."""
    lines, cause = list[str](), None
    for step in steps:
        logged = f", log {LOGS.format('Training' if step.training else 'Processing')} {step.job}" if step.job else ""
        lines.append(f"==== {step.name}: {step.status}{logged}")
        if step.reason:
            lines.append(step.reason)
        if step.status == "Failed" and step.name != REFUSED and cause is None:
            cause = {**_cause(service.message(step), step), "task": step.name}
    if cause is None and run.status == "Stopped":
        cause = _described("stopped", "The run was stopped before its end.", "Submit the plan again.", "run")
    elif cause is None and run.status == "Failed" and not any(step.name == REFUSED for step in steps):
        code, remedy = job_fault(run.reason)
        cause = _described(code, run.reason or "It ended without saying why.", remedy, "run")
    write_whole(sent.folder.log, ("\n".join(lines) + "\n").encode())
    if cause is not None:
        write_whole(sent.folder.path / "error.json", (json.dumps(cause) + "\n").encode())


def _cause(message: str, step: StepState) -> dict[str, Any]:
    """Return the JSON that a failed stage left; of a job that left none, what SageMaker says of it."""
    start, end = message.find("{"), message.rfind("}")
    try:
        cause = json.loads(message[start : end + 1]) if start >= 0 else {}
    except ValueError:
        cause = {}
    if is_cause(cause):
        return dict(cause)
    reason = " ".join((step.reason or message).split())[:600]
    code, remedy = job_fault(reason)
    stage = JOBS[step.name].stages[0] if step.name in JOBS else step.name
    return _described(code, reason or "It ended without saying why.", remedy, stage)


def _described(code: str, message: str, remedy: str, stage: str) -> dict[str, Any]:
    return {"stage": stage, "code": code, "message": message, "remedy": remedy, "exit_status": 1}
