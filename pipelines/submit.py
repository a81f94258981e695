"""Run a plan on Kubeflow: register it once, start a run, follow its tasks, bring home what the stages found."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sevenfold
from sevenfold.contracts.canonical import write_whole
from sevenfold.pipelines.compile import compile_plan
from sevenfold.pipelines.engine import FINAL, Engine, Registered, task_states
from sevenfold.pipelines.inputs import carry_inputs, carry_table
from sevenfold.pipelines.result import PAGES, SEALED, SEALED_WHEN_PROMOTED, Result, conclude
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.store import DEFAULT_ROOT, Store

if TYPE_CHECKING:
    from sevenfold.contracts.report import Report
    from sevenfold.pipelines.view import RunView
    from sevenfold.plan import Plan

__all__ = ["Submission", "Submitted", "follow", "submit"]

POLL_SECONDS = 5.0
STAGE_TASKS = (*PAGES, "monitor-model")
# The dataset stays where it is: it may be large, and its rows are nobody's business on this machine.
BROUGHT = tuple(pair for pair in (*SEALED, *SEALED_WHEN_PROMOTED) if pair[1] != "dataset")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What to submit, where to, and what to change of the plan for this run; None and "" take the plan's."""

    plan_path: Path
    runs: Path = Path("runs")
    root: str = DEFAULT_ROOT
    experiment: str = ""
    account: str = ""
    data: str = ""
    trials: int | None = None
    max_epochs: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Submitted:
    """A run that was started."""

    run: str
    made: Registered
    folder: RunFolder


def submit(asked: Submission, plan: Plan, engine: Engine, store: Store, tell: Callable[[str], None]) -> Submitted:
    """Send what the plan names here to the store, register its pipeline, start a run.

    A version is named by the digest of its compiled content, so submitting the same plan again registers nothing.

    Raises:
        DataError, PolicyError, TemporaryError: table, store or endpoint say no; then no run was started.
    """
    base = asked.plan_path.resolve().parent
    carried, digest = carry_inputs(plan, base, store, tell)
    parameters: dict[str, str | int] = {}
    if asked.data:
        parameters["data"], digest = carry_table(asked.data, Path.cwd(), store, tell)
    changed = {"trials": asked.trials, "max_epochs": asked.max_epochs, "seed": asked.seed}
    parameters |= {"data_digest": digest, **{key: value for key, value in changed.items() if value is not None}}
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        package = compile_plan(carried, Path(work) / "pipeline.yaml")
        made = engine.register(plan.name, package, plan.goal)
        tell(f"version {made.name} {'is registered' if made.fresh else 'was there already'}")
        moment = datetime.now(UTC)
        title = f"{plan.name} {moment:%Y-%m-%d %H:%M}"
        run = engine.start(made, title, asked.experiment or plan.name, parameters, asked.account)
        folder = _folder(asked.runs / plan.name, run)
        write_whole(folder.path / "plan.yaml", asked.plan_path.read_bytes())
        write_whole(folder.path / "pipeline.yaml", package.read_bytes())
    folder.record(
        state="running",
        started=moment.isoformat(timespec="seconds"),
        sevenfold=sevenfold.__version__,
        endpoint=engine.endpoint,
        run=run,
        version=made.name,
        root=store.root,
        arguments=parameters,
    )
    return Submitted(run, made, folder)


def follow(
    sent: Submitted,
    plan: Plan,
    engine: Engine,
    store: Store,
    view: RunView,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Show each task's state as it changes until the run ends, and return how it ended.

    The run folder then holds the reports, the bundle, what was decided, the log of every task, and `report.html`. What
    a task took from Kubeflow's cache is brought from the earlier run of the same version and parameters.
    """
    shown: dict[str, str] = {}
    with view:
        while True:
            run = engine.run(sent.run)
            for task, state in task_states(run).items():
                if task not in STAGE_TASKS or shown.get(task) == state:
                    continue
                if task not in shown:
                    view.start(task)
                shown[task] = state
                if state in FINAL:
                    page = _bring(sent, plan, engine, store, run, task)
                    view.finish(task, state in ("SUCCEEDED", "SKIPPED"), page)
            if run.state in FINAL:
                break
            sleep(POLL_SECONDS)
    _keep_logs(sent, plan, store, shown)
    here = [pair for pair in SEALED if sent.folder.artifact(*pair) is not None]
    needed = tuple(pair for pair in SEALED if pair in here or pair == ("test-model", "evaluation"))
    return conclude(sent.folder, run.state == "SUCCEEDED", sealed=needed)


def _bring(sent: Submitted, plan: Plan, engine: Engine, store: Store, run: Any, task: str) -> Report | None:
    """Copy a finished task's outputs into the run folder and return its report, if it left one."""
    from sevenfold.contracts.report.page import read_report

    home = sent.folder.path / "artifacts" / sent.run / task
    wanted = ("report", "summary", "notebook", *(output for owner, output in BROUGHT if owner == task))
    place = f"{plan.name}/{sent.run}/{task}"
    if not store.bring(place, "report", home / "report") and not store.log(place):
        # it never ran: Kubeflow took what an earlier run made
        earlier = (f"{plan.name}/{other}/{task}" for other in engine.same_runs(run))
        place = next((found for found in earlier if store.bring(found, "report", home / "report")), place)
    for output in wanted[1:]:
        store.bring(place, output, home / output)
    page = sent.folder.artifact(task, "report")
    return read_report(page) if page else None


def _keep_logs(sent: Submitted, plan: Plan, store: Store, states: dict[str, str]) -> None:
    """Write every task's log to log.txt, and the cause of the first failure to error.json."""
    with sent.folder.log.open("w") as log:
        for task, state in states.items():
            text = store.log(f"{plan.name}/{sent.run}/{task}")
            log.write(f"==== {task}: {state}\n{text}\n")
            cause = _cause(text) if state == "FAILED" else None
            if cause and sent.folder.error() is None:
                write_whole(sent.folder.path / "error.json", (json.dumps(cause) + "\n").encode())


def _cause(log: str) -> dict[str, Any] | None:
    """Return the JSON that a failed stage printed last, or None."""
    for line in reversed(log.splitlines()):
        if line.startswith("{") and '"exit_status"' in line:
            try:
                cause = json.loads(line)
            except ValueError:
                continue
            if {"stage", "code", "message", "remedy", "exit_status"} <= set(cause):
                return dict(cause)
    return None


def _folder(home: Path, run: str) -> RunFolder:
    path = home / f"cluster-{run[:8]}"
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path.resolve())
