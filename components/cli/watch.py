"""The command that closes the loop on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sevenfold.cli.compile import PlanFile

__all__ = ["add_watch_command"]


def add_watch_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(watch)


def watch(
    plan: PlanFile,
    runs: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = Path("runs"),
    every: Annotated[float, typer.Option(help="Seconds between two looks at new rows.", min=1)] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, act, and end; nothing is served.")] = False,
    feedback: Annotated[
        bool,
        typer.Option(
            "--feedback",
            help="Open a port for true targets that come back, POST /v1/models/NAME:feedback, and retrain where they "
            "show that the model has become worse. SEVENFOLD_FEEDBACK_CREDENTIAL, or the file that "
            "SEVENFOLD_FEEDBACK_CREDENTIAL_FILE names, holds what the sender must show.",
        ),
    ] = False,
) -> None:
    """Serve the promoted model, judge new rows, and retrain once where they have drifted.

    New rows are the files of `retrain.data`; each one is a window. What is decided, and why nothing is where nothing
    is, stands in `runs/NAME/watch.html` and in `sevenfold history NAME`.

    Exit status: 0 nothing to do; 3 a person must look; with --once only. Ctrl-C ends it otherwise.
    """
    from sevenfold.pipelines.inspect_plan import inspect_plan
    from sevenfold.pipelines.local.interruption import InterruptibleConsole, RunInterrupted
    from sevenfold.pipelines.local.loop import LocalLoop
    from sevenfold.pipelines.local.watch import watch_loop
    from sevenfold.runtime.environment import feedback_credential

    if feedback:
        feedback_credential()
    console = InterruptibleConsole()
    loop = LocalLoop(plan, inspect_plan(plan), runs, console)
    try:
        needed = watch_loop(loop, console, every_seconds=every, once=once, takes_feedback=feedback)
    except RunInterrupted as stop:
        typer.echo("Stopped; what was decided stays on record.", err=True)
        raise typer.Exit(stop.exit_status) from None
    raise typer.Exit(3 if needed else 0)
