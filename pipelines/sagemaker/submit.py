"""Run a plan on SageMaker: send what it names to the bucket, bring its pipeline to date, start a run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold
from sevenfold.contracts.canonical import canonical_json, write_whole
from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.inputs import carry_inputs, carry_table
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import SETTINGS, settings_files
from sevenfold.pipelines.sagemaker.requirements import missing_settings, too_many_tables
from sevenfold.tables.sources import matching_files, sources_of

if TYPE_CHECKING:
    from sevenfold.pipelines.sagemaker.service import SageMaker
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.targets import RunRequest
    from sevenfold.plan import Plan
    from sevenfold.runtime.progress import OnMessage

__all__ = ["DEFINITION_FILE", "Submitted", "run_folder", "submit"]

DEFINITION_FILE = "pipeline.json"
# SageMaker fails a job whose input is an empty folder; so there is a file before the first promotion.
REGISTRY_NOTE = b"The models that were promoted, and the record of each promotion.\n"


@dataclass(frozen=True)
class Submitted:
    """A run that was started: its ARN, the name of its pipeline, its folder here."""

    arn: str
    name: str
    folder: RunFolder

    @property
    def run(self) -> str:
        """Id of the run: the last part of the ARN."""
        return self.arn.rpartition("/")[2]


def submit(plan: Plan, asked: RunRequest, service: SageMaker, store: Store, on_message: OnMessage) -> Submitted:
    """Send table, notebook, recipe, model source and settings to the bucket, register the pipeline, start a run.

    Raises:
        DataError, PolicyError, TrainingError, TemporaryError: table, bucket or service say no; then no run was started.
    """
    for fault in missing_settings(plan):
        raise fault
    carried, parameters = _carried(plan, asked, store, on_message)
    definition = build_definition(carried)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        for _, content in settings_files(carried):
            path = Path(work) / SETTINGS
            path.write_bytes(content)
            store.put(path)
    store.fill(f"{plan.name}/registry/README", REGISTRY_NOTE)
    service.require_group(plan.name, plan.sagemaker.tags)
    fresh = service.register(plan.name, definition, plan.sagemaker.tags, plan.goal)
    on_message(f"pipeline {plan.name} {'is new' if fresh else 'was brought to this plan'}")
    moment = datetime.now(UTC)
    started = service.start(plan.name, f"{plan.name}-{moment:%Y-%m-%d-%H-%M-%S}", parameters)
    folder = run_folder(asked.runs / plan.name, started.run)
    write_whole(folder.path / "plan.yaml", asked.plan_path.read_bytes())
    write_whole(folder.path / DEFINITION_FILE, (canonical_json(definition) + "\n").encode())
    folder.record(
        state="running",
        started=moment.isoformat(timespec="seconds"),
        sevenfold=sevenfold.__version__,
        target="sagemaker",
        endpoint=service.region,
        region=service.region,
        run=started.run,
        arn=started.arn,
        root=store.root,
        arguments=parameters,
    )
    return Submitted(started.arn, plan.name, folder)


def run_folder(home: Path, run: str) -> RunFolder:
    """Return the folder of a run below `home`, made where it is not there."""
    path = home / f"sagemaker-{run}"
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path.resolve())


def _carried(plan: Plan, asked: RunRequest, store: Store, on_message: OnMessage) -> tuple[Plan, dict[str, str | int]]:
    """Return the plan with addresses in the bucket, and the parameters of this run."""
    others = sources_of(asked.data) if asked.data else ()
    base = asked.plan_path.resolve().parent
    files = _count(plan.data.sources, base)
    for fault in too_many_tables(files):
        raise fault
    if others and (_count(others, Path.cwd()) != 1 or files != 1):
        raise PolicyError(
            "sagemaker_table",
            f"Another table for one run is one file in place of one file, but {asked.data[:200]!r} is not.",
            remedy="Put its files together, or write them into the plan.",
        )
    carried = carry_inputs(plan, base, store, on_message)
    parameters: dict[str, str | int] = {"data_digest": carried.data.digest}
    if others:
        other = plan.data.model_copy(update={"source": others, "digest": "", "volume": ""})
        (address,), digest = carry_table(plan.model_copy(update={"data": other}), Path.cwd(), store, on_message)
        parameters |= {"data": address, "data_digest": digest}
    changed = {"trials": asked.trials, "max_epochs": asked.max_epochs, "seed": asked.seed}
    return carried, parameters | {key: value for key, value in changed.items() if value is not None}


def _count(sources: Sequence[str], base: Path) -> int:
    """Return how many files a table has, before any of them is sent."""
    return sum(len(matching_files(source, base)) or 1 for source in sources)
