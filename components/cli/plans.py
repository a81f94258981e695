"""The commands about a plan on this machine: propose one, check it, run it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sevenfold.cli.compile import PlanFile

__all__ = ["add_plan_commands"]

STOPPED = "what had started is stopped, what was unfinished is gone"


def add_plan_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (init, validate, run):
        app.command()(command)


def init(
    table: Annotated[
        list[Path],
        typer.Argument(
            help="CSV or Parquet file; several, or 'FOLDER/*.csv', as one table.", metavar="TABLE", show_default=False
        ),
    ],
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for plan.yaml and the notebook.")] = Path(),
    name: Annotated[str, typer.Option(help="Name of the plan; empty takes the file's.")] = "",
    encoding: Annotated[str, typer.Option(help="Encoding of a CSV, such as cp1252; empty takes UTF-8.")] = "",
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

    from sevenfold.contracts.recognise import require_kind
    from sevenfold.design.propose import init_project

    for path in table:
        if path.exists():
            require_kind(path, "table", "TABLE")
    with Console(stderr=True).status("look at the table") as status:

        def on_progress(message: str, done: int, total: int) -> None:
            status.update(escape(f"{message} ({done + 1} of {total})" if done < total else message))

        plan = init_project(
            table,
            target,
            out,
            name=name,
            encoding=encoding,
            force=force,
            for_cluster=cluster,
            on_progress=on_progress,
        )
    typer.echo(f"Read it, change what you know better, then: sevenfold run {plan}")


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

    Exit status: 0 promoted or waiting for approval, 3 a gate refused, 2 plan or data wrong, 1 all else. A run that is
    stopped ends with 130 (Ctrl-C), 143 (SIGTERM), 129 (SIGHUP) or 141 (nobody reads its output any more).
    """
    from sevenfold.pipelines.ending import show_ending
    from sevenfold.pipelines.local.interruption import InterruptibleConsole, RunInterrupted
    from sevenfold.pipelines.local.run import LocalRun, run_locally
    from sevenfold.pipelines.view import RunView
    from sevenfold.plan import load_plan

    console = InterruptibleConsole()
    wanted = LocalRun(
        plan_path=plan, runs=runs, data=data, trials=trials, max_epochs=max_epochs, seed=seed, keep_serving=keep_serving
    )
    try:
        result = run_locally(wanted, load_plan(plan), RunView(console))
    except RunInterrupted as stop:
        with contextlib.suppress(OSError):  # of a terminal that is gone
            typer.secho(f"interrupted {stop.reason}: {STOPPED}", fg="yellow", err=True)
        _write_nowhere()
        raise typer.Exit(stop.exit_status) from None
    try:
        show_ending(console, result)
    except RunInterrupted:  # the run is over: only its last lines have no reader
        _write_nowhere()
    raise typer.Exit(result.exit_status)


def _write_nowhere() -> None:
    """Let what is still to be written go nowhere, so that a closed pipe or terminal is no error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
