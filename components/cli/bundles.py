"""The commands about a bundle on this machine: make one of a model, serve it, compare a table with it, score it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sevenfold.cli.plans import Encoding

if TYPE_CHECKING:
    from sevenfold.contracts.signature import Signature
    from sevenfold.plan import Plan

__all__ = ["add_bundle_commands"]

BundleFolder = Annotated[Path, typer.Argument(help="Folder of a bundle.", metavar="BUNDLE", show_default=False)]


def add_bundle_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (bundle, serve, drift, evaluate):
        app.command()(command)


def bundle(
    model: Annotated[Path, typer.Argument(help="ONNX file of a finished model.", metavar="MODEL", show_default=False)],
    dataset: Annotated[
        Path, typer.Option(help="Folder of the dataset that the model was fitted on.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write the bundle to.", show_default=False)],
    name: Annotated[str, typer.Option(help="Name of the model; by default the file's.")] = "",
) -> None:
    """Make a bundle of a model that is fitted already, once it predicts the dataset's validation rows."""
    from sevenfold.report.format_value import format_score
    from sevenfold.runtime.recognise import require_kind
    from sevenfold.training.finished import bundle_model

    require_kind(model, "model", "MODEL")
    require_kind(dataset, "dataset", "--dataset")
    made = bundle_model(model, dataset, out, name=name)
    scores = ", ".join(f"{metric} {format_score(value)}" for metric, value in made.metrics.items())
    typer.echo(f"{scores} on {made.validation_rows:,} validation rows\n{out}")


def serve(
    bundle: BundleFolder,
    name: Annotated[str, typer.Option(help="Name of the model in the URL; by default the bundle's.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8080,
    strict_fields: Annotated[
        bool, typer.Option("--strict-fields", help="Refuse requests with fields that the model does not know.")
    ] = False,
    feedback_port: Annotated[
        int | None,
        typer.Option(
            help="Port for true targets that come back, POST /v1/models/NAME:feedback; 0 takes a free one. "
            "SEVENFOLD_FEEDBACK_CREDENTIAL, or the file that SEVENFOLD_FEEDBACK_CREDENTIAL_FILE names, holds what "
            "the sender must show.",
            min=0,
            max=65535,
        ),
    ] = None,
) -> None:
    """Serve a bundle over KServe's V1 and V2 protocols until Ctrl-C."""
    from sevenfold.runtime.recognise import require_kind
    from sevenfold.serving.predictor.limits import Limits
    from sevenfold.serving.predictor.serve import serve as serve_bundle

    require_kind(bundle, "bundle", "BUNDLE")
    limits = Limits(strict_fields=strict_fields)
    serve_bundle(bundle, name=name, host=host, port=port, limits=limits, feedback_port=feedback_port)


def drift(
    bundle: BundleFolder,
    data: Annotated[
        list[Path],
        typer.Argument(
            help="CSV or Parquet tables with the bundle's columns, each a window, the earliest first.",
            metavar="DATA...",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write the report to.")] = Path("drift.html"),
    plan: Annotated[Path | None, typer.Option(help="Plan whose limits hold; without one the defaults do.")] = None,
    dataset: Annotated[
        Path | None, typer.Option(help="Dataset folder of the bundle's run, to compare its rows as a whole, too.")
    ] = None,
    encoding: Encoding = "",
    refined: Annotated[
        bool, typer.Option("--refined", help="The rows have been through the bundle's OpenRefine recipe already.")
    ] = False,
) -> None:
    """Compare tables with the rows that a bundle was trained on.

    Several tables are windows: an alarm needs a feature that drifted in 2 of 3 in a row. One table that drifted is
    enough.

    Exit status: 0 no drift; 3 drift.
    """
    from sevenfold.cli.output import page_file
    from sevenfold.monitoring.batch import drift_report
    from sevenfold.plan import load_plan
    from sevenfold.report.page import write_report
    from sevenfold.runtime.recognise import require_kind

    require_kind(bundle, "bundle", "BUNDLE")
    for table in data:
        require_kind(table, "table", "DATA")
    if dataset is not None:
        require_kind(dataset, "dataset", "--dataset")
    section = load_plan(plan).monitoring if plan is not None else None
    with page_file(out, "--out", data) as page:
        report = drift_report(bundle, *data, section=section, dataset=dataset, encoding=encoding, refined=refined)
        write_report(report, page.path)
    page.say(f"{report.headline}\n{out}")
    raise typer.Exit(3 if report.level in ("bad", "warning") else 0)


def evaluate(
    bundle: BundleFolder,
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset.", metavar="DATASET", show_default=False)],
    plan: Annotated[
        Path | None, typer.Option(help="Plan whose gates decide; without one only the built-in gates do.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write the report to.")] = Path(
        "evaluation.html"
    ),
) -> None:
    """Score a bundle on the test rows of a dataset.

    Exit status: 0 every gate holds, or the rows do not decide; 3 a gate refuses the bundle.
    """
    from sevenfold.cli.output import page_file
    from sevenfold.contracts.bundle import Bundle
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan import TestingSection, load_plan
    from sevenfold.report.page import write_report
    from sevenfold.runtime.recognise import require_kind
    from sevenfold.testing.evaluate import evaluate as score
    from sevenfold.testing.report import evaluation_report

    require_kind(bundle, "bundle", "BUNDLE")
    require_kind(dataset, "dataset", "DATASET")
    opened, section = Bundle.open(bundle), TestingSection()
    if plan is not None:
        loaded = load_plan(plan)
        _require_same_model(loaded, opened.signature, plan)
        section = loaded.testing
    with page_file(out, "--out") as page:
        tested = score(opened, Dataset.open(dataset), section, name=opened.info.name)
        report = evaluation_report(tested)
        write_report(report, page.path)
    page.say(f"{report.headline}\n{out}")
    for gate in tested.evaluation.gates if tested.evaluation.decision == "undecided" else ():
        if gate.verdict == "undecided":
            page.say(f"? {gate.name}: {gate.sentence}")
    raise typer.Exit(3 if tested.evaluation.decision == "refuse" else 0)


def _require_same_model(plan: Plan, signature: Signature, path: Path) -> None:
    """Refuse a plan that is about another model than the bundle's."""
    from sevenfold.contracts.errors import DataError

    ours, theirs = (plan.data.target, plan.data.task), (signature.target, signature.task)
    lacking = sorted(set(signature.inputs) - set(plan.data.columns))
    if ours != theirs:
        differs = f"it predicts {ours[0]!r} ({ours[1].value}), and the bundle {theirs[0]!r} ({theirs[1].value})"
    elif lacking:
        differs = f"it has no column {', '.join(map(repr, lacking[:8]))}, which the bundle takes"
    else:
        return
    raise DataError(
        "other_plan",
        f"--plan must be the bundle's plan, or one with its columns, but {path.name} is not: {differs}.",
        remedy="Name the plan that the bundle was trained with; its run folder holds a copy.",
    )
