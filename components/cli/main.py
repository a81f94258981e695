"""The command line and its entry point; each group of commands has a module of its own."""

from __future__ import annotations

import io
import sys
from typing import Annotated, NoReturn

import typer

import sevenfold
from sevenfold.cli.bundles import add_bundle_commands
from sevenfold.cli.compile import add_compile_command
from sevenfold.cli.doctor import add_doctor_command
from sevenfold.cli.kubeflow import add_kubeflow_commands
from sevenfold.cli.plans import add_plan_commands
from sevenfold.cli.receive import add_receive_command
from sevenfold.cli.refine import add_refine_command
from sevenfold.cli.releases import add_release_commands
from sevenfold.cli.watch import add_watch_command
from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.runtime.environment import wants_traceback
from sevenfold.runtime.machine_fault import file_fault, machine_fault

__all__ = ["app", "main"]

app = typer.Typer(
    name="sevenfold",
    help="Carry a model through seven stages: design, preparation, tuning, training, testing, inference, monitoring.",
    epilog="Exit status: 0 done, promoted or waiting for approval; 2 wrong plan or data; 3 refused by a gate; 1 other.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


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


# in the order in which --help lists them
add_plan_commands(app)
add_compile_command(app)
add_kubeflow_commands(app)
add_bundle_commands(app)
add_refine_command(app)
add_release_commands(app)
add_watch_command(app)
add_receive_command(app)
add_doctor_command(app)


def _end(error: SevenfoldError) -> NoReturn:
    label = "refused" if isinstance(error, PolicyError) else "error"
    typer.secho(f"{label} ({error.code}): {error}", fg="red", err=True)
    sys.exit(error.exit_status)


def main() -> None:
    """Run the command line; an expected error is one clear message and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot write, such as ✓ in Latin-1, ends no command
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except SevenfoldError as error:
        _end(error)
    except OSError as error:
        fault = machine_fault(error) or file_fault(error)
        if fault is None or wants_traceback():
            raise
        _end(fault)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sevenfold"):
            raise
        typer.secho(f"The package {error.name!r} is needed here: pip install 'sevenfold[local]'", fg="red", err=True)
        sys.exit(1)
