"""The command that compiles a plan, and how a plan gets the images that were built here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sevenfold.cli.target import KUBEFLOW, TargetName, chosen_target

if TYPE_CHECKING:
    from sevenfold.plan import Plan

__all__ = ["Images", "PlanFile", "Split", "add_compile_command", "load_with_images"]

BUILT = Path("build/images.json")
SUFFIXES = {"sagemaker": (".json",)}  # of what is compiled; YAML for all others

PlanFile = Annotated[Path, typer.Argument(help="The plan, a YAML file.", metavar="PLAN.YAML", show_default=False)]
Images = Annotated[
    Path | None,
    typer.Option(help=f"Record of built images, by digest; by default {BUILT} if it exists.", show_default=False),
]
Split = Annotated[
    bool, typer.Option("--split-release", help="Deploy after the test in a second run, with an account of its own.")
]


def add_compile_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("compile")(_compile)


def _compile(
    command: typer.Context,
    plan: PlanFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write; by default PLAN.pipeline.yaml.", show_default=False),
    ] = None,
    target: TargetName = KUBEFLOW,
    images: Images = None,
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="Write Pipeline and PipelineVersion objects for kubectl apply.")
    ] = False,
    namespace: Annotated[str, typer.Option(help="Namespace of these objects.")] = "",
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Write one YAML document, without Secrets, nodes, volume, pod security, time limit."
        ),
    ] = False,
    split_release: Split = False,
) -> None:
    """Compile a plan to what its target runs; the same plan gives the same bytes.

    Images are named by digest if the record of a build says so, else by the version of this package. Files of this
    machine that the plan names are not sent anywhere: submit does that.

    With --split-release a second file, PLAN.release.pipeline.yaml, deploys what a run of the first one hands over. The
    last task of that run shows the arguments of the second.
    """
    from sevenfold.cli.output import require_file
    from sevenfold.pipelines.warm_start import with_warm_start

    own = {"kubernetes": kubernetes, "namespace": namespace, "plain": plain, "split_release": split_release}
    chosen = chosen_target(command, target, **own)
    if namespace and not kubernetes:
        raise typer.BadParameter("--namespace is that of the objects of --kubernetes, which is not given.")
    if out is not None:
        require_file(out, "--out", suffixes=SUFFIXES.get(target, (".yaml", ".yml")), inputs=[plan])
    loaded = with_warm_start(load_with_images(plan, images), plan.resolve().parent)
    for sentence in chosen.compile(loaded, plan, out):
        typer.echo(sentence)


def load_with_images(plan: Path, images: Path | None) -> Plan:
    """Read a plan and name the images of a build's record: the one given, else that of this folder, if any.

    Raises:
        DataError: ``images_record``.
        PlanError: the plan is wrong.
    """
    from sevenfold.contracts.errors import DataError
    from sevenfold.images import built_images
    from sevenfold.plan import load_plan

    loaded = load_plan(plan)
    record = images or (BUILT if BUILT.is_file() else None)
    if record is None:
        return loaded
    try:
        built = built_images(json.loads(record.read_text()))
    except (OSError, ValueError) as error:
        raise DataError(
            "images_record", f"{record} must be a record of built images, but cannot be read: {error}"
        ) from None
    if images is None:
        typer.echo(f"The images are those that {record} names.")
    return loaded.with_images(built)
