"""Follow a run on Vertex AI to its end and copy what the stages left into the run folder."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sevenfold.pipelines.causes import SILENT, cause_of, is_cause, keep_cause
from sevenfold.pipelines.result import HANDOVER, PAGES, SEALED, Result, conclude
from sevenfold.pipelines.vertex.service import console_page
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.vertex.run import VertexRun
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.pipelines.view import RunView
    from sevenfold.report import Report

__all__ = ["follow"]

POLL_SECONDS: Final = 10.0
FOLLOWED: Final = (*PAGES, HANDOVER[0])
ENDED: Final = ("SUCCEEDED", "FAILED", "CANCELLED")  # of a job, behind PIPELINE_STATE_
DONE: Final = ("SUCCEEDED", "SKIPPED")  # of a task; the second came from the cache
FINAL: Final = (*DONE, "FAILED", "CANCELLED", "NOT_TRIGGERED")
# The dataset stays where it is: it may be large, and its rows are nobody's business on this machine.
BROUGHT: Final = ("report", "summary", "notebook", "study", "bundle", "evaluation", "handover")


def follow(
    sent: VertexRun, service: Service, store: Store, view: RunView, *, sleep: Callable[[float], None] = time.sleep
) -> Result:
    """Show each task's state as it changes until the run ends, and return how it ended.

    The run folder then holds the reports, the bundle, the decision, the log of every task, and `report.html`. What a
    task took from the cache is copied from where the earlier run left it. Ctrl-C leaves the run running.
    """
    shown: dict[str, str] = {}

    def ended() -> Any:
        job = service.job(sent.run)
        for name, task in _tasks(job).items():
            state = task.state.name
            if shown.get(name) == state or state == "NOT_TRIGGERED":
                continue
            if name not in shown:
                view.start(name)
            shown[name] = state
            if state in FINAL:
                view.finish(name, state in DONE, _bring(sent, store, task), _seconds(task))
        return job if job.state.name.removeprefix("PIPELINE_STATE_") in ENDED else None

    with view:
        job = wait_until(ended, pause_seconds=POLL_SECONDS, sleep=sleep)
    _keep_logs(sent, service, job)
    here = [pair for pair in SEALED if sent.folder.artifact(*pair) is not None]
    needed = tuple(pair for pair in SEALED if pair in here or pair == ("test-model", "evaluation"))
    return conclude(sent.folder, job.state.name == "PIPELINE_STATE_SUCCEEDED", sealed=needed, released=False)


def _tasks(job: Any) -> dict[str, Any]:
    """Return the details of each stage's task, the last attempt of it."""
    details = sorted(job.job_detail.task_details, key=lambda task: task.task_id)
    return {task.task_name: task for task in details if task.task_name in FOLLOWED}


def _seconds(task: Any) -> float:
    if not task.start_time or not task.end_time:
        return math.nan
    return float((task.end_time - task.start_time).total_seconds())


def _bring(sent: VertexRun, store: Store, task: Any) -> Report | None:
    """Copy a finished task's outputs into the run folder and return its report, if it left one."""
    from sevenfold.report.page import read_report

    home: Path = sent.folder.path / "artifacts" / sent.run / task.task_name
    for output, held in task.outputs.items():
        if output in BROUGHT and held.artifacts:
            store.copy(held.artifacts[-1].uri, home / output)
    page = home / "report"
    return read_report(page) if page.is_file() else None


def _keep_logs(sent: VertexRun, service: Service, job: Any) -> None:
    """Write every task's log to log.txt, and the cause of the first failure and its task to error.json."""
    causes: list[dict[str, Any]] = []
    with sent.folder.log.open("w") as log:
        for name, task in _tasks(job).items():
            entries = service.printed(task)
            log.write(f"==== {name}: {task.state.name}\n{''.join(_line(entry) for entry in entries)}\n")
            if task.state.name == "FAILED":
                causes.append({**(_cause(entries) or _silent(name, task)), "task": name})
    if job.state.name != "PIPELINE_STATE_SUCCEEDED" and not causes:
        causes.append(_ended_from_outside(job))
    keep_cause(sent.folder, causes, console_page(service.section, sent.run))


def _line(entry: Mapping[str, Any]) -> str:
    text = entry.get("textPayload")
    return f"{text if text is not None else json.dumps(entry.get('jsonPayload', {}))}".rstrip("\n") + "\n"


def _cause(entries: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what the stage printed last; Cloud Logging reads a line of JSON, and gives its numbers as floats."""
    for entry in reversed(entries):
        document = entry.get("jsonPayload")
        cause = dict(document) if is_cause(document) else cause_of(str(entry.get("textPayload", "")))
        if cause:
            return {**cause, "exit_status": int(cause["exit_status"])}
    return None


def _silent(name: str, task: Any) -> dict[str, Any]:
    words = " ".join(str(task.error.message).split())[:300] or "nothing"
    return {
        "stage": name,
        "code": SILENT,
        "message": f"It ended without saying why; Vertex AI says: {words}",
        "remedy": "See its page and its log: out of memory, an image that cannot be pulled, a missing right.",
        "exit_status": 1,
    }


def _ended_from_outside(job: Any) -> dict[str, Any]:
    cancelled = job.state.name == "PIPELINE_STATE_CANCELLED"
    words = " ".join(str(job.error.message).split())[:300] or "nothing"
    return {
        "stage": "the run",
        "code": "cancelled" if cancelled else SILENT,
        "message": "It was cancelled." if cancelled else f"No task of it failed; Vertex AI says: {words}",
        "remedy": "Submit it again: what was finished comes from the cache." if cancelled else "See its page.",
        "exit_status": 1,
    }
