"""The commands about a plan on this machine: propose one, check it, run it."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sevenfold.cli.compile import PlanFile

__all__ = ["Encoding", "add_plan_commands"]

Encoding = Annotated[str, typer.Option(help="Encoding of a CSV, such as cp1252; by default UTF-8.")]

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
    name: Annotated[str, typer.Option(help="Name of the plan; by default that of the file.")] = "",
    encoding: Encoding = "",
    recipe: Annotated[
        Path | None,
        typer.Option(help="OpenRefine history, as JSON, that is done to the table first.", show_default=False),
    ] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Propose what a shared cluster wants: a person approves.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    max_bad_fraction: Annotated[
        float, typer.Option(help="Largest share of rows that may be refused.", min=0.0, max=1.0)
    ] = 0.01,
) -> None:
    """Profile a table and propose a plan, with the reason beside every proposal.

    Example: `sevenfold init houses.csv --target price`
    """
    from rich.console import Console
    from rich.markup import escape

    from sevenfold.cli.notices import notice_lines
    from sevenfold.design.notices import notices
    from sevenfold.design.propose import init_project
    from sevenfold.pipelines.next_steps import command
    from sevenfold.report.quantity import quantity
    from sevenfold.runtime.recognise import require_kind

    for path in table:
        if path.exists():
            require_kind(path, "table", "TABLE")
    with Console(stderr=True).status("read the table") as status:

        def on_progress(message: str, done: int, total: int) -> None:
            status.update(escape(f"{message} ({done + 1} of {total})" if done < total else message))

        project = init_project(
            table,
            target,
            out,
            name=name,
            encoding=encoding,
            recipe=recipe,
            force=force,
            for_cluster=cluster,
            max_bad_fraction=max_bad_fraction,
            on_progress=on_progress,
        )
    findings, console = project.proposal.findings, Console()
    profile = findings.profile
    console.print(
        f"{profile.source}: {quantity(profile.rows, 'row')}, {quantity(len(profile.columns), 'column')}", markup=False
    )
    for line in notice_lines(notices(findings, [str(path) for path in table], str(recipe or ""))):
        console.print(line, highlight=False, soft_wrap=True)
    typer.echo(f"Read it, change what you know better, then: {command()} run {shlex.quote(str(project.path))}")


def validate(
    plan: Annotated[Path, typer.Argument(help="The plan.", metavar="PLAN.YAML")] = Path("plan.yaml"),
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a plan instead.")] = False,
) -> None:
    """Check a plan and list every problem at once, each with its line and remedy.

    The table's header, the notebook, the model source and the settings are checked too. No row is read, and nothing is
    fetched.
    """
    from sevenfold.pipelines.inspect_plan import inspect_plan

    if schema:
        import json

        from sevenfold.plan import Plan

        typer.echo(json.dumps(Plan.json_schema(), indent=2))
        return
    loaded = inspect_plan(plan)
    typer.echo(f"{plan}: fine ({loaded.name}: predict {loaded.data.target}, {loaded.data.task})")
    if any("://" in source for source in loaded.data.sources):
        typer.echo("The table lies elsewhere and was not fetched, so its columns were not checked.")


def run(
    plan: PlanFile,
    runs: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = Path("runs"),
    data: Annotated[str, typer.Option(help="Another table with the plan's columns: a path or an address.")] = "",
    trials: Annotated[int | None, typer.Option(help="Number of tuning trials; by default the plan's.", min=0)] = None,
    max_epochs: Annotated[
        int | None,
        typer.Option(
            help="Largest number of epochs of the final training, not of trials; by default the plan's.",
            min=1,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of tuning and training; by default the plan's.", min=0)] = None,
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving", help="Leave the predictor running at the end.")
    ] = False,
) -> None:
    """Run all seven stages on this machine, from the table to a tested, served and monitored model.

    Exit status: 0 promoted or waiting for approval; 3 a gate refused the model; 2 the plan or the table is wrong; 1
    anything else. A run that is stopped ends with 130 (Ctrl-C), 143 (SIGTERM), 129 (SIGHUP) or 141 (nobody reads its
    output any more).
    """
    from sevenfold.pipelines.ending import show_ending
    from sevenfold.pipelines.inspect_plan import inspect_plan
    from sevenfold.pipelines.local.interruption import InterruptibleConsole, RunInterrupted
    from sevenfold.pipelines.local.run import LocalRun, run_locally
    from sevenfold.pipelines.next_steps import command
    from sevenfold.pipelines.view import RunView

    console = InterruptibleConsole()
    wanted = LocalRun(
        plan_path=plan,
        runs=runs,
        data=data,
        trials=trials,
        max_epochs=max_epochs,
        seed=seed,
        keep_serving=keep_serving,
        again=f"{command()} {shlex.join(sys.argv[1:])}",
    )
    try:
        result = run_locally(wanted, inspect_plan(plan, table=not data), RunView(console))
    except RunInterrupted as stop:
        with contextlib.suppress(OSError):  # of a terminal that is gone
            typer.secho(f"interrupted {stop.reason}: {STOPPED}", fg="yellow", err=True)
            typer.echo(f"  again    {wanted.again}", err=True)
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
