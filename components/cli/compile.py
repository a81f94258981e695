"""The command that compiles a plan, and how a plan gets the images that were built here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sevenfold.pipelines.stages import Part
    from sevenfold.plan import Plan

__all__ = ["Images", "PlanFile", "Split", "add_compile_command", "load_with_images"]

BUILT = Path("build/images.json")

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
    plan: PlanFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write; by default PLAN.pipeline.yaml.", show_default=False),
    ] = None,
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
    """Compile a plan to the YAML that Kubeflow Pipelines runs; the same plan gives the same bytes.

    Images are named by digest if the record of a build says so, else by the version of this package. Files of this
    machine that the plan names are not sent anywhere: submit does that.

    With --split-release a second file, PLAN.release.pipeline.yaml, deploys what a run of the first one hands over. The
    last task of that run shows the arguments of the second.
    """
    from sevenfold.contracts.errors import PolicyError
    from sevenfold.pipelines.compile import compile_objects, compile_plan

    if kubernetes and plain:
        raise PolicyError("plain_objects", "--plain and --kubernetes exclude each other, but both were given.")
    loaded, kind = load_with_images(plan, images), "kubernetes" if kubernetes else "pipeline"
    files: dict[Part, Path] = {"whole": out or plan.with_suffix(f".{kind}.yaml")}
    if split_release:
        second = out.with_name(f"{out.stem}.release{out.suffix}") if out else plan.with_suffix(f".release.{kind}.yaml")
        files = {"build": files["whole"], "release": second}
    for part, target in files.items():
        if kubernetes:
            written = compile_objects(loaded, target, part=part, namespace=namespace)
            typer.echo(f"Wrote {written}: register it with kubectl apply -f {written}")
        else:
            written = compile_plan(loaded, target, part=part, plain=plain)
            typer.echo(f"Wrote {written}: upload it in the Kubeflow UI, or with kfp.Client().upload_pipeline.")
    named = [
        *(("data.source", source) for source in loaded.data.sources),
        ("design.notebook", loaded.design.notebook),
        ("training.source", loaded.training.source),
        ("refine.recipe", loaded.refine.recipe),
    ]
    for name, path in named:
        if path and "://" not in path:
            typer.echo(
                f"{name} is {path!r}, a file of this machine, which no pod can read. Name an address, or use submit."
            )


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
