"""The commands about the serving version: history, status, promote, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_release_commands"]

Name = Annotated[str, typer.Argument(help="Name of the plan.", show_default=False)]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace on a cluster; empty means this machine's runs.")
]
Context = Annotated[str, typer.Option(help="Context of the kubeconfig; empty takes the current one.")]
Runs = Annotated[Path, typer.Option(help="Folder of this machine's runs.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


def _print(text: str) -> None:
    typer.secho(f"  {text}", dim=True)


def history(name: Name, namespace: Namespace = "", context: Context = "", runs: Runs = Path("runs")) -> None:
    """Show what was promoted, newest first: when, by whom, from which run."""
    from sevenfold.pipelines.releases import ReleaseTarget, release_lines

    typer.echo("\n".join(release_lines(name, ReleaseTarget(namespace, context, runs))))


def status(name: Name, namespace: Namespace = "", context: Context = "", runs: Runs = Path("runs")) -> None:
    """Show the serving version, the waiting one, and where users ask."""
    from sevenfold.pipelines.releases import ReleaseTarget, status_lines

    typer.echo("\n".join(status_lines(name, ReleaseTarget(namespace, context, runs))))


def promote(name: Name, namespace: Namespace, context: Context = "", reason: Reason = "") -> None:
    """Release the candidate that waits for a person's approval."""
    from sevenfold.pipelines.releases import ReleaseTarget
    from sevenfold.pipelines.releases import promote as release

    typer.echo(release(name, ReleaseTarget(namespace, context), reason, _print))


def rollback(
    name: Name,
    namespace: Namespace = "",
    context: Context = "",
    runs: Runs = Path("runs"),
    reason: Reason = "",
    to: Annotated[str, typer.Option(help="Digest of the bundle to put back; empty takes the previous one.")] = "",
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Only take the waiting candidate away; the serving version stays.")
    ] = False,
) -> None:
    """Put the previously promoted bundle back in one step, without a request lost."""
    from sevenfold.pipelines.releases import ReleaseTarget, roll_back, withdraw

    target = ReleaseTarget(namespace, context, runs)
    typer.echo(withdraw(name, target, _print) if candidate else roll_back(name, target, reason, _print, to))


def add_release_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (history, status, promote, rollback):
        app.command()(command)
