"""The command line: ``sevenfold COMMAND --help`` teaches each command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import sevenfold
from sevenfold.cli.kubeflow import add_commands
from sevenfold.cli.releases import add_release_commands
from sevenfold.contracts.errors import PolicyError, SevenfoldError

__all__ = ["app", "main"]

app = typer.Typer(
    name="sevenfold",
    help="Carry a model through seven stages: design, preparation, tuning, training, testing, inference, monitoring.",
    epilog="Exit status: 0 done, promoted or waiting for approval; 2 plan or data wrong; 3 a gate refused; 1 all else.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

PlanFile = Annotated[Path, typer.Argument(help="The plan.", metavar="PLAN.YAML", show_default=False)]
BundleFolder = Annotated[Path, typer.Argument(help="Folder of a bundle.", metavar="BUNDLE", show_default=False)]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sevenfold {sevenfold.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Root of all commands."""


@app.command()
def init(
    table: Annotated[Path, typer.Argument(help="CSV or Parquet file.", metavar="TABLE", show_default=False)],
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for plan.yaml and the notebook.")] = Path(),
    name: Annotated[str, typer.Option(help="Name of the plan; empty takes the file's.")] = "",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Propose settings for a cluster: approval by a person.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Profile a table and propose a plan, every proposal explained where it stands.

    Example: [bold]sevenfold init houses.csv --target price[/]
    """
    from rich.console import Console
    from rich.markup import escape

    from sevenfold.design.propose import init_project

    with Console(stderr=True).status("look at the table") as status:

        def tell(message: str, done: int, total: int) -> None:
            status.update(escape(f"{message} ({done + 1} of {total})" if done < total else message))

        plan = init_project(table, target, out, name=name, force=force, for_cluster=cluster, on_progress=tell)
    typer.echo(f"Read it, change what you know better, then: sevenfold run {plan}")


@app.command()
def validate(
    plan: Annotated[Path, typer.Argument(help="The plan.", metavar="PLAN.YAML")] = Path("plan.yaml"),
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of plans instead.")] = False,
) -> None:
    """Check a plan and name every problem at once, each with its line and remedy."""
    from sevenfold.plan import load_plan

    if schema:
        import json

        from sevenfold.plan import Plan

        typer.echo(json.dumps(Plan.json_schema(), indent=2))
        return
    loaded = load_plan(plan)
    typer.echo(f"{plan}: fine ({loaded.name}: predict {loaded.data.target}, {loaded.data.task})")


@app.command()
def run(
    plan: PlanFile,
    runs: Annotated[Path, typer.Option(help="Folder for the runs.")] = Path("runs"),
    data: Annotated[str, typer.Option(help="Another table with the plan's columns.")] = "",
    trials: Annotated[int | None, typer.Option(help="Tuning trials.", min=0)] = None,
    max_epochs: Annotated[int | None, typer.Option(help="Most epochs of the final training.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of tuning and training.", min=0)] = None,
    keep_serving: Annotated[bool, typer.Option("--keep-serving", help="Leave the predictor running.")] = False,
) -> None:
    """Run all seven stages on this machine and end with a served model, a drift finding and a report.

    Exit status: 0 promoted or waiting for approval, 3 a gate refused, 2 plan or data wrong, 1 all else.
    """
    from rich.console import Console

    from sevenfold.pipelines.ending import show_ending
    from sevenfold.pipelines.local.run import LocalRun, run_locally
    from sevenfold.pipelines.view import RunView
    from sevenfold.plan import load_plan

    console = Console()
    wanted = LocalRun(
        plan_path=plan, runs=runs, data=data, trials=trials, max_epochs=max_epochs, seed=seed, keep_serving=keep_serving
    )
    try:
        result = run_locally(wanted, load_plan(plan), RunView(console))
    except KeyboardInterrupt:
        typer.secho("interrupted: what had started is stopped, what was unfinished is gone", fg="yellow", err=True)
        raise typer.Exit(1) from None
    show_ending(console, result)
    raise typer.Exit(result.exit_status)


add_commands(app)


@app.command()
def serve(
    bundle: BundleFolder,
    name: Annotated[str, typer.Option(help="Model name in the URL; empty takes the bundle's.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8080,
) -> None:
    """Serve a bundle over KServe's V1 and V2 protocols until Ctrl-C."""
    from sevenfold.serving.predictor.serve import serve as serve_bundle

    serve_bundle(bundle, name=name, host=host, port=port)


@app.command()
def drift(
    bundle: BundleFolder,
    data: Annotated[Path, typer.Argument(help="Parquet table with the bundle's columns.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the report.")] = Path("drift.html"),
) -> None:
    """Compare a table with the rows a bundle was trained on; exit status 3 where it drifted."""
    from sevenfold.monitoring.batch import drift_report
    from sevenfold.report.page import write_report

    report = drift_report(bundle, data)
    write_report(report, out)
    typer.echo(f"{report.headline}\n{out}")
    raise typer.Exit(3 if report.level in ("bad", "warning") else 0)


@app.command()
def evaluate(
    bundle: BundleFolder,
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset.", show_default=False)],
    plan: Annotated[Path | None, typer.Option(help="Plan whose gates decide; none only scores.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the report.")] = Path("evaluation.html"),
) -> None:
    """Score a bundle on a dataset's test rows; exit status 3 where a gate refuses."""
    from sevenfold.contracts.bundle import Bundle
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan import TestingSection, load_plan
    from sevenfold.report.page import write_report
    from sevenfold.testing.evaluate import evaluate as score
    from sevenfold.testing.report import evaluation_report

    section = load_plan(plan).testing if plan else TestingSection()
    opened = Bundle.open(bundle)
    tested = score(opened, Dataset.open(dataset), section, name=opened.info.name)
    report = evaluation_report(tested)
    write_report(report, out)
    typer.echo(f"{report.headline}\n{out}")
    raise typer.Exit(0 if tested.evaluation.decision == "promote" else 3)


add_release_commands(app)


@app.command()
def doctor(
    plan_path: Annotated[Path | None, typer.Argument(metavar="[PLAN.YAML]", help="The plan that is to run.")] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="KF_PIPELINES_ENDPOINT", help="URL of Kubeflow Pipelines; empty looks for it.")
    ] = "",
    namespace: Annotated[str, typer.Option(help="Yours, on a Kubeflow with several users.")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig; empty takes the current one.")] = "",
    account: Annotated[
        str, typer.Option("--service-account", help="Account of the pods; empty takes Kubeflow's.")
    ] = "",
) -> None:
    """Say what is missing on this machine and on the cluster, and the command that mends it.

    Nothing is changed, and no value of a Secret is read. Without a kubeconfig only this machine is looked at.
    """
    from rich.console import Console

    from sevenfold.pipelines.doctor import diagnose
    from sevenfold.pipelines.kubeflow.target import Place
    from sevenfold.plan import load_plan

    plan = load_plan(plan_path) if plan_path else None
    place = Place(endpoint=endpoint, namespace=namespace, context=context, account=account)
    raise typer.Exit(diagnose(Console(), plan, place))


def main() -> None:
    """Run the command line; an expected error is one clear message and an exit status."""
    try:
        app(standalone_mode=True)
    except SevenfoldError as error:
        label = "refused" if isinstance(error, PolicyError) else "error"
        typer.secho(f"{label} ({error.code}): {error}", fg="red", err=True)
        sys.exit(error.exit_status)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sevenfold"):
            raise
        typer.secho(f"The package {error.name!r} is needed here: pip install 'sevenfold[local]'", fg="red", err=True)
        sys.exit(1)
