"""Amazon SageMaker as a target: what `sevenfold compile`, `submit`, `follow` and `doctor` do there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import PolicyError

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.check import Check
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.sagemaker.service import SageMaker
    from sevenfold.pipelines.sagemaker.submit import Submitted
    from sevenfold.pipelines.targets import RunRequest
    from sevenfold.plan import Plan

__all__ = ["SageMakerTarget", "make_target"]

EXECUTION: Final = re.compile(
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:pipeline/(?P<name>[A-Za-z0-9-]+)/execution/(?P<number>[A-Za-z0-9]+)"
)


@dataclass(frozen=True)
class SageMakerTarget:
    """SageMaker Pipelines; its settings are the plan's section `sagemaker`, the login is boto3's own."""

    def compile(self, plan: Plan, plan_path: Path, out: Path | None) -> tuple[str, ...]:
        """Write the definition, and a folder with what the bucket must have: settings, notebook, recipe, source.

        A table of this machine is not among it: whoever starts a run gives its address as the parameter ``data``.

        Raises:
            PolicyError: what `build_definition` refuses.
            DataError, TrainingError: a file that the plan names cannot be used.
        """
        from sevenfold.contracts.canonical import write_whole
        from sevenfold.pipelines.inputs import carry_inputs
        from sevenfold.pipelines.sagemaker.definition import build_definition, root_of
        from sevenfold.pipelines.sagemaker.inputs_folder import InputsFolder
        from sevenfold.pipelines.sagemaker.requirements import missing_settings

        for fault in missing_settings(plan):
            raise fault
        file = out or plan_path.with_suffix(".sagemaker.json")
        inputs = InputsFolder(file.with_suffix(".inputs"), root_of(plan))
        carried = carry_inputs(plan, plan_path.resolve().parent, inputs, lambda text: None, table=False)
        definition = build_definition(carried)
        inputs.put_settings(carried)
        text = json.dumps(definition, indent=2, ensure_ascii=False, allow_nan=False)
        write_whole(file, f"{text}\n".encode())
        section = plan.sagemaker
        create = ["aws", "sagemaker", "create-pipeline", *(["--region", section.region] if section.region else [])]
        create += ["--pipeline-name", plan.name, "--role-arn", section.role, "--pipeline-definition", f"file://{file}"]
        return (
            f"Wrote {file} and {inputs.folder}: sevenfold submit --target sagemaker does the rest, or",
            f"  {shlex.join(['aws', 's3', 'sync', str(inputs.folder), inputs.root])}",
            f"  {shlex.join(create)}",
            *(
                f"data.source is {source!r}, a file of this machine: a run needs its address as the parameter data."
                for source in plan.data.sources
                if "://" not in source
            ),
        )

    def submit(self, plan: Plan, asked: RunRequest, console: Console) -> Result | None:
        """Register the plan's pipeline, start a run and follow it.

        Raises:
            DataError, PolicyError, TrainingError, TemporaryError: as `sagemaker.submit`.
        """
        from sevenfold.pipelines.sagemaker.requirements import missing_settings
        from sevenfold.pipelines.sagemaker.submit import submit
        from sevenfold.pipelines.store import Store

        if asked.root:
            plan = plan.model_copy(update={"sagemaker": plan.sagemaker.replaced(root=asked.root)})
        for fault in missing_settings(plan):
            raise fault
        service, store = _service(plan.sagemaker.region, plan.sagemaker.role), Store(plan.sagemaker.root)
        sent = submit(plan, asked, service, store, lambda text: _say(console, text))
        console.print(f"  run      {sent.arn}", highlight=False, soft_wrap=True)
        if asked.wait:
            return _watch(sent, service, plan.sagemaker.root, console)
        console.print(f"  follow   sevenfold follow {sent.run}", highlight=False, soft_wrap=True)
        return None

    def follow(self, run: str, *, runs: Path, root: str, console: Console) -> Result:
        """Follow a run that was submitted from here, or, by its ARN and root, from another machine.

        Raises:
            PolicyError: ``run_ambiguous``, ``run_unknown``, and what AWS refuses.
        """
        from sevenfold.pipelines.known_runs import find_known_run
        from sevenfold.pipelines.sagemaker.submit import Submitted, run_folder

        known = find_known_run(run, runs)
        if known and "arn" in known.values:
            sent = Submitted(known.values["arn"], known.name, known.folder)
            root = root or known.values["root"]
        elif (named := EXECUTION.fullmatch(run)) and root:
            name, number = named["name"], named["number"]
            sent = Submitted(run, name, run_folder(runs / name, number))
            sent.folder.record(run=number, arn=run, target="sagemaker", root=root, endpoint=run.split(":")[3])
        else:
            raise PolicyError(
                "run_unknown",
                f"A run must have been submitted from here, or be named by its ARN, but got {run[:200]!r}.",
                remedy="Give the ARN that submit printed, and --root s3://BUCKET/FOLDER.",
            )
        return _watch(sent, _service(sent.arn.split(":")[3]), root, console)

    def checks(self, plan: Plan | None) -> Iterable[Check]:
        """Yield what plan and account lack; see `sagemaker_checks`."""
        from sevenfold.pipelines.sagemaker.checks import sagemaker_checks

        return sagemaker_checks(plan)


make_target = SageMakerTarget


def _service(region: str, role: str = "") -> SageMaker:
    from sevenfold.pipelines.sagemaker.service import SageMaker

    return SageMaker(region, role)


def _watch(sent: Submitted, service: SageMaker, root: str, console: Console) -> Result:
    from sevenfold.pipelines.ending import left_running
    from sevenfold.pipelines.sagemaker.follow import follow
    from sevenfold.pipelines.sagemaker.release import released
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.view import RunView

    with left_running(lambda: sent.run):
        store = Store(root)
        result = follow(sent, service, store, RunView(console))
        return released(sent, service, store, result, lambda text: _say(console, text))


def _say(console: Console, text: str) -> None:
    console.print(f"  {text}", style="dim", highlight=False, markup=False)
