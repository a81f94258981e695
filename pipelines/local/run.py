"""Run a plan on this machine: no cluster, no container engine, all seven stages."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold
from sevenfold.contracts.errors import DataError
from sevenfold.pipelines.local.interruption import RunInterrupted, interruptions, lines_while_read
from sevenfold.pipelines.local.logline import TaskEnded, TaskStarted, read_line
from sevenfold.pipelines.local.processes import end_processes
from sevenfold.pipelines.local.requirements import require_engine, require_fit
from sevenfold.pipelines.result import Result, conclude
from sevenfold.pipelines.retrain import Retraining
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.warm_start import with_warm_start
from sevenfold.runtime.environment import ARROW_MEMORY, RUN_DIR
from sevenfold.runtime.recognise import require_kind

if TYPE_CHECKING:
    from sevenfold.pipelines.view import RunView
    from sevenfold.plan import Plan

__all__ = ["LocalRun", "run_locally"]


@dataclass(frozen=True, kw_only=True)
class LocalRun:
    """What to run: a plan file, where its runs go, and what to change of it for this run.

    `trials`, `max_epochs` and `seed` are recorded; None takes the plan's value. `data` is a path from the working
    folder, or an address. `again` is the command that repeats the run, to be shown where that helps. `retraining` says
    what started it and what the model must show; None for a run that a person asked for. One that takes longer than
    `most_seconds` is ended; nobody waits for a run that nobody asked for.
    """

    plan_path: Path
    runs: Path = Path("runs")
    data: str = ""
    trials: int | None = None
    max_epochs: int | None = None
    seed: int | None = None
    keep_serving: bool = False
    again: str = ""
    retraining: Retraining | None = None
    most_seconds: float = math.inf


def run_locally(run: LocalRun, plan: Plan, view: RunView) -> Result:
    """Run all stages and return how it ended; the folder of the run holds everything else.

    The table is fetched, its header checked and its digest taken first, so that a missing file or column costs no run
    folder. The predictor that a run started is stopped at its end, unless `keep_serving` is set. A run that is
    interrupted stops every process it started, records why and removes what was unfinished.

    Raises:
        DataError, PolicyError, TemporaryError: the table cannot be had.
        TrainingError: as `require_engine` and `require_fit`.
        RunInterrupted: after Ctrl-C, SIGTERM or SIGHUP, or when nobody reads the console any more.
    """
    from sevenfold.refine.check_source import check_source
    from sevenfold.tables.sources import resolve_sources, table_digest

    base = run.plan_path.resolve().parent
    located = plan.located(base)
    _check_files(located)
    require_engine(located, run.trials)
    require_fit(located)
    with_warm_start(located, base)  # read again by the run itself
    with interruptions() as signals, _workspace() as work:
        tables = resolve_sources(_sources(run, located), base, work)
        check_source(tables, located.data, located.refine.recipe, base)
        digest = table_digest(tables)
        folder = RunFolder.create(run.runs, plan.name)
        try:
            _describe(folder, run, base, _arguments(run, tables, digest))
            finished = _supervise(folder, view, run.most_seconds)
            serving = _serving(folder) if run.keep_serving else ""
            result = conclude(folder, finished, serving=serving, again=run.again)
            signals.ignore()
        except RunInterrupted as stop:
            _record_interruption(folder, stop)
            raise
        except TimeoutError:
            return _overdue(folder, run.most_seconds)
        finally:
            if not run.keep_serving:
                _stop_predictor(folder)
        if result.not_run:
            view.skip(result.not_run)
        return result


def _record_interruption(folder: RunFolder, stop: RunInterrupted) -> None:
    folder.record(
        state="interrupted",
        cause=stop.cause.name,
        sentence=f"The run was stopped {stop.reason}.",
        exit_status=stop.exit_status,
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _overdue(folder: RunFolder, seconds: float) -> Result:
    sentence = f"It took longer than {seconds / 3_600:g} hours, the plan's budget.hours, and was ended."
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    folder.record(state="overdue", sentence=sentence, exit_status=1, ended=moment)
    return Result(folder=folder.path, state="overdue", sentence=sentence, exit_status=1)


def _check_files(plan: Plan) -> None:
    """Refuse a run whose own files are not there before any stage has worked for nothing."""
    named = (
        ("design.notebook", plan.design.notebook),
        ("training.source", plan.training.source),
        ("refine.recipe", plan.refine.recipe),
    )
    for key, path in named:
        if path and "://" not in path and not Path(path).exists():
            raise DataError(
                "missing_file",
                f"{key} must name a file that is there, but got {Path(path).name!r}.",
                remedy="Correct the path; it is taken from the plan's folder.",
            )


def _sources(run: LocalRun, plan: Plan) -> tuple[str, ...]:
    """Return where the table is: what is named for this run, from the working folder, or the plan's."""
    from sevenfold.tables.sources import sources_of

    if not run.data:
        return plan.data.sources
    named = sources_of(run.data)
    for source in named:
        if "://" not in source and Path(source).exists():
            require_kind(Path(source), "table", "--data")
    return tuple(source if "://" in source else os.path.abspath(source) for source in named)


def _arguments(run: LocalRun, tables: Sequence[Path], digest: str) -> dict[str, str | int]:
    from sevenfold.tables.sources import sources_text

    changed = {"trials": run.trials, "max_epochs": run.max_epochs, "seed": run.seed}
    return {
        "data": sources_text([str(path) for path in tables]),
        "data_digest": digest,
        **{key: value for key, value in changed.items() if value is not None},
    }


def _describe(folder: RunFolder, run: LocalRun, base: Path, arguments: dict[str, str | int]) -> None:
    (folder.path / "plan.yaml").write_bytes(run.plan_path.read_bytes())
    folder.record(
        state="running",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        sevenfold=sevenfold.__version__,
        base=str(base),
        arguments=arguments,
        **({} if run.retraining is None else {"retraining": run.retraining.model_dump(mode="json")}),
    )


def _supervise(folder: RunFolder, view: RunView, most_seconds: float) -> bool:
    """Run the child, follow its log; True if it finished every task, TimeoutError if it takes too long."""
    from sevenfold.report.page import read_report
    from sevenfold.runtime.progress import Progress

    command = [sys.executable, "-m", "sevenfold.pipelines.local.child", str(folder.path)]
    # Safe path: a folder `docker` where the user stands must not pass for the package that kfp looks for.
    environment = {
        **ARROW_MEMORY,
        **os.environ,
        RUN_DIR: str(folder.path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
    }
    unfinished: set[str] = set()
    try:
        with _group(folder, command, environment) as child, folder.log.open("w", buffering=1) as log, view:
            assert child.stdout is not None  # noqa: S101 - it is a pipe
            for line in lines_while_read(child.stdout, view.console.file, most_seconds):
                log.write(line)
                event = read_line(line)
                if isinstance(event, TaskStarted):
                    unfinished.add(event.task)
                    view.start(event.task)
                elif isinstance(event, Progress):
                    view.step(event)
                elif isinstance(event, TaskEnded):
                    if event.succeeded:
                        unfinished.discard(event.task)
                    page = folder.artifact(event.task, "report") if event.succeeded else None
                    view.finish(event.task, event.succeeded, read_report(page) if page else None)
            return child.wait() == 0
    finally:
        for task in unfinished:
            folder.discard_task(task)


@contextlib.contextmanager
def _group(folder: RunFolder, command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own; if the block is left early, end whatever the run started."""
    child = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
    )
    try:
        yield child
    except BaseException:
        failed = folder.error() is not None
        end_processes(folder.path)
        if not failed:  # a stage that was stopped may have taken that for a failure
            folder.forget_error()
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


@contextlib.contextmanager
def _workspace() -> Iterator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        yield Path(folder)


def _serving(folder: RunFolder) -> str:
    """Return the address of the run's predictor; "" where none runs."""
    from sevenfold.contracts.service import LocalService, read_unsealed_service
    from sevenfold.serving.local.predictor import runs

    path = folder.artifact("deploy-model", "service")
    if path is None or not (path / "service.json").is_file():
        return ""
    service = read_unsealed_service(LocalService, path)
    return service.url if runs(service) else ""


def _stop_predictor(folder: RunFolder) -> None:
    service = folder.artifact("deploy-model", "service")
    if service is not None and (service / "service.json").is_file():
        from sevenfold.serving.local.predictor import stop_predictor

        stop_predictor(service)
