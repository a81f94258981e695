"""Follow a run on Kubeflow to its end and copy what the stages left into the run folder."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.pipelines.causes import SILENT, cause_of, keep_cause
from sevenfold.pipelines.kubeflow.engine import FINAL, Engine, task_states
from sevenfold.pipelines.kubeflow.lineage import Lineage
from sevenfold.pipelines.kubeflow.nodes import task_seconds
from sevenfold.pipelines.result import HANDOVER, PAGES, SEALED, SEALED_WHEN_PROMOTED, Result, conclude
from sevenfold.pipelines.store import Store
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.submit import Submitted
    from sevenfold.pipelines.view import RunView
    from sevenfold.report import Report

__all__ = ["follow"]

POLL_SECONDS = 5.0
STAGE_TASKS = (*PAGES, "monitor-model")
FOLLOWED = (*STAGE_TASKS, HANDOVER[0])  # not a stage, so not shown, but its log is kept
SHOWN_LINES = 3
AGAIN = "\n---- tried again\n"
KUBEFLOWS_OWN = re.compile(r"[IWEF]\d{4} |time=|Error: exit status")
# The dataset stays where it is: it may be large, and its rows are nobody's business on this machine.
BROUGHT = tuple(pair for pair in (*SEALED, *SEALED_WHEN_PROMOTED) if pair[1] != "dataset")


def follow(
    sent: Submitted,
    engine: Engine,
    store: Store,
    view: RunView,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Show each task's state as it changes until the run ends, and return how it ended.

    The run folder then holds the reports, the bundle, the decision, the log of every task, and `report.html`. What a
    task took from Kubeflow's cache is copied from the earlier run that made it. Ctrl-C leaves the run running. A
    release is followed into the folder of the run it releases, and adds to what is there.
    """
    shown: dict[str, str] = {}
    lineage = Lineage(engine)

    def ended() -> Any:
        run = engine.run(sent.run)
        for task, state in task_states(run).items():
            if task not in FOLLOWED or shown.get(task) == state:
                continue
            if task not in shown:
                view.start(task)
            shown[task] = state
            if state in FINAL:
                page = _bring(sent, store, lineage, run, task)
                view.finish(task, state in ("SUCCEEDED", "SKIPPED"), page, task_seconds(run, task))
        return run if run.state in FINAL else None

    with view:
        run = wait_until(ended, pause_seconds=POLL_SECONDS, sleep=sleep)
        _catch_up(sent, store, lineage, view, run, shown)
    _keep_logs(sent, engine, store, run, shown)
    here = [pair for pair in SEALED if sent.folder.artifact(*pair) is not None]
    needed = tuple(pair for pair in SEALED if pair in here or pair == ("test-model", "evaluation"))
    handed = store.bring(f"{sent.name}/{sent.run}/{HANDOVER[0]}", HANDOVER[1], _home(sent, HANDOVER[0]) / HANDOVER[1])
    return conclude(sent.folder, run.state == "SUCCEEDED", sealed=needed, released=not handed)


def _home(sent: Submitted, task: str) -> Path:
    return sent.folder.path / "artifacts" / sent.run / task


def _catch_up(sent: Submitted, store: Store, lineage: Lineage, view: RunView, run: Any, shown: dict[str, str]) -> None:
    """Bring the outputs of tasks whose end Kubeflow did not report: a restart of its API server can lose it."""
    for task in STAGE_TASKS:
        if shown.get(task) in FINAL:
            continue
        page = _bring(sent, store, lineage, run, task)
        if page is None:
            continue
        if task not in shown:
            view.start(task)
        shown[task] = run.state
        view.finish(task, run.state == "SUCCEEDED", page, math.nan)


def _bring(sent: Submitted, store: Store, lineage: Lineage, run: Any, task: str) -> Report | None:
    """Copy a finished task's outputs into the run folder and return its report, if it left one."""
    from sevenfold.report.page import read_report

    home = _home(sent, task)
    wanted = ("report", "summary", "notebook", *(output for owner, output in BROUGHT if owner == task))
    key = f"{sent.name}/{sent.run}/{task}"
    if not store.bring(key, "report", home / "report") and not store.logs(key):
        # it never ran: Kubeflow took what an earlier run made
        earlier = (f"{sent.name}/{other}/{task}" for other in lineage.same_runs(run, task))
        key = next((other for other in earlier if store.bring(other, "report", home / "report")), key)
    for output in wanted[1:]:
        store.bring(key, output, home / output)
    page = home / "report"  # of this run: a release lies beside the run it releases
    return read_report(page) if page.is_file() else None


def _keep_logs(sent: Submitted, engine: Engine, store: Store, run: Any, states: dict[str, str]) -> None:
    """Write every task's log to log.txt, and the cause of the first failure, its task and its pod to error.json."""
    causes: list[dict[str, Any]] = []
    first = sent.folder.values().get("run", sent.run) == sent.run
    with sent.folder.log.open("w" if first else "a") as log:
        for task, state in states.items():
            pod, printed = engine.log(run, task)
            # the endpoint's log lacks each line that is JSON, and so the cause; a killed task left nothing else
            attempts = store.logs(f"{sent.name}/{sent.run}/{task}") or [printed]
            log.write(f"==== {task}: {state}{f' in pod {pod}' if pod else ''}\n{AGAIN.join(attempts)}\n")
            if state == "FAILED":
                causes.append({**(cause_of(attempts[-1]) or _silent(task, attempts[-1])), "task": task, "pod": pod})
    keep_cause(sent.folder, causes, engine.link(sent.run))


def _silent(task: str, log: str) -> dict[str, Any]:
    """Describe a task that was ended from outside, or never began: out of memory, an image that cannot be pulled."""
    last = [line.strip() for line in log.splitlines() if line.strip() and not KUBEFLOWS_OWN.match(line)]
    end = " | ".join(last[-SHOWN_LINES:])[:300]
    return {
        "stage": task,
        "code": SILENT,
        "message": f"It ended without saying why; its last words: {end}" if end else "It ended without a word.",
        "remedy": "See the pod's events: out of memory, evicted, or its image not found.",
        "exit_status": 1,
    }
