"""Run a plan on Kubeflow: send what it names, register it once, start a run or a schedule."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold
from sevenfold.contracts.canonical import write_whole
from sevenfold.pipelines.compile import compile_plan, version_name
from sevenfold.pipelines.inputs import carry_inputs, carry_table
from sevenfold.pipelines.known_runs import find_known_run
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.stages import Part
from sevenfold.pipelines.store import DEFAULT_ROOT, Store
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.sources import sources_of, sources_text

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.engine import Engine, Registered
    from sevenfold.pipelines.kubeflow.schedules import Schedule
    from sevenfold.plan import Plan

__all__ = ["RELEASE_PACKAGE", "Submission", "Submitted", "find_run", "run_folder", "schedule", "submit"]

RELEASE_PACKAGE = "release.pipeline.yaml"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What to submit, where to, and what to change of the plan for this run; None and "" take the plan's.

    With `split` the run ends with the test, and its folder holds what `kubeflow.split` deploys from, as
    `release_account`. `title` is how Kubeflow shows the run; "" takes the plan's name and the moment.
    `max_forgetting` is of a retraining: what it must show of the rows of the model that serves by then.
    """

    plan_path: Path
    runs: Path = Path("runs")
    root: str = DEFAULT_ROOT
    experiment: str = ""
    account: str = ""
    split: bool = False
    release_account: str = ""
    data: str = ""
    trials: int | None = None
    max_epochs: int | None = None
    seed: int | None = None
    title: str = ""
    max_forgetting: float | None = None


@dataclass(frozen=True)
class Submitted:
    """A run that was started: its id, the name of its pipeline, the folder here."""

    run: str
    name: str
    folder: RunFolder


def submit(asked: Submission, plan: Plan, engine: Engine, store: Store, on_message: OnMessage) -> Submitted:
    """Send what the plan names here to the store, register its pipeline, start a run.

    A version is named by the digest of its compiled content, so submitting the same plan again registers nothing.

    Raises:
        DataError, PolicyError, TrainingError, TemporaryError: table, source, store or endpoint say no; then no run was
            started.
    """
    with _registered(asked, plan, engine, store, on_message, repeated=False) as (made, parameters, work):
        moment = datetime.now(UTC)
        title = asked.title or f"{plan.name} {moment:%Y-%m-%d %H:%M}"
        run = engine.start(made, title, asked.experiment or plan.name, parameters, asked.account)
        folder = run_folder(asked.runs / plan.name, run)
        write_whole(folder.path / "plan.yaml", asked.plan_path.read_bytes())
        for package in work.iterdir():
            write_whole(folder.path / package.name, package.read_bytes())
        if asked.split:
            version = version_name(plan, work / RELEASE_PACKAGE)
            experiment = asked.experiment or plan.name
            folder.record(release={"account": asked.release_account, "experiment": experiment, "version": version})
    folder.record(
        state="running",
        started=moment.isoformat(timespec="seconds"),
        sevenfold=sevenfold.__version__,
        endpoint=engine.endpoint,
        link=engine.link(run),
        run=run,
        version=made.name,
        root=store.root,
        arguments=parameters,
    )
    return Submitted(run, plan.name, folder)


def schedule(
    asked: Submission, plan: Plan, when: Schedule, engine: Engine, store: Store, on_message: OnMessage
) -> tuple[str, int]:
    """Register a plan and let Kubeflow start it again and again; return the schedule's id and how many it replaces.

    A table that lies elsewhere, and whose digest the plan does not name, is read anew by every run, and none of its
    tasks is taken from the cache.

    Raises:
        DataError, PolicyError, TrainingError, TemporaryError: as `submit`.
    """
    from sevenfold.pipelines.kubeflow.schedules import start_schedule

    with _registered(asked, plan, engine, store, on_message, repeated=True) as (made, parameters, _):
        return start_schedule(engine, made, when, asked.experiment or plan.name, parameters, asked.account)


@contextmanager
def _registered(
    asked: Submission, plan: Plan, engine: Engine, store: Store, on_message: OnMessage, *, repeated: bool
) -> Iterator[tuple[Registered, dict[str, str | int], Path]]:
    carried = carry_inputs(plan, asked.plan_path.resolve().parent, store, on_message, repeated=repeated)
    digest, parameters = carried.data.digest, dict[str, str | int]()
    if asked.data:
        other = plan.data.model_copy(update={"source": sources_of(asked.data), "digest": "", "volume": ""})
        replaced = plan.model_copy(update={"data": other})
        addresses, digest = carry_table(replaced, Path.cwd(), store, on_message, repeated=repeated)
        parameters["data"] = sources_text(addresses)
    changed = {"trials": asked.trials, "max_epochs": asked.max_epochs, "seed": asked.seed}
    parameters |= {"data_digest": digest, **{key: value for key, value in changed.items() if value is not None}}
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        part: Part = "build" if asked.split else "whole"
        package = compile_plan(
            carried,
            Path(work) / "pipeline.yaml",
            part=part,
            cached=bool(digest),
            max_forgetting=asked.max_forgetting,
        )
        if asked.split:
            compile_plan(carried, Path(work) / RELEASE_PACKAGE, part="release")
        made = engine.register(plan.name, version_name(plan, package), package, plan.goal)
        on_message(f"version {made.name} {'is registered' if made.fresh else 'was there already'}")
        yield made, parameters, Path(work)


def run_folder(home: Path, run: str) -> RunFolder:
    """Return the folder of a cluster's run below `home`, made where it is not there."""
    path = home / f"cluster-{run[:8]}"
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path.resolve())


def find_run(wanted: str, runs: Path) -> tuple[Submitted, str, str] | None:
    """Return a run that was submitted from here, its endpoint and its root, or None; see `find_known_run`.

    Raises:
        PolicyError: ``run_ambiguous``.
    """
    known = find_known_run(wanted, runs)
    if known is None:
        return None
    return Submitted(known.run, known.name, known.folder), known.values["endpoint"], known.values["root"]
