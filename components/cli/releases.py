"""The commands about the serving version and its loop: history, status, promote, rollback, acknowledge."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_release_commands"]


def _required_name(name: str) -> str:
    """Refuse what cannot be the name of a plan, such as the path of one."""
    from sevenfold.contracts.errors import DataError
    from sevenfold.plan.plan import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, name):
        raise DataError(
            "plan_name",
            f"NAME must be the name of a plan, such as flights, but got {name[:80]!r}.",
            remedy="It stands in the plan under name.",
        )
    return name


Name = Annotated[
    str, typer.Argument(help="Name of the plan.", metavar="NAME", show_default=False, callback=_required_name)
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace on a cluster; by default this machine's runs are meant.")
]
Context = Annotated[str, typer.Option(help="Context of the kubeconfig; by default the current one.")]
Runs = Annotated[Path, typer.Option(help="Folder that holds the runs of this machine.")]
Target = Annotated[
    str, typer.Option(help="vertex or sagemaker: the endpoint of the plan's last run that was submitted there.")
]
Receiver = Annotated[
    str, typer.Option(help="Address of the receiver on a cluster, whose loop is meant, such as http://localhost:8090.")
]
Credential = Annotated[Path | None, typer.Option(help="File that holds the receiver's credential.")]
Reason = Annotated[str, typer.Option(help="Reason, for the record.")]


def _print(text: str) -> None:
    typer.secho(f"  {text}", dim=True)


def history(
    name: Name,
    namespace: Namespace = "",
    context: Context = "",
    runs: Runs = Path("runs"),
    target: Target = "",
    receiver: Receiver = "",
    credential: Credential = None,
) -> None:
    """Show what was promoted, newest first: when, by whom, from which run; then what was decided about retrainings.

    With --receiver and no namespace, the decisions alone are shown.
    """
    from sevenfold.pipelines.decisions import LoopTarget, loop_lines
    from sevenfold.pipelines.releases import ReleaseTarget, release_lines

    elsewhere = bool(namespace or target)
    if elsewhere or not receiver:
        typer.echo("\n".join(release_lines(name, ReleaseTarget(namespace, context, runs, target))))
    decided = loop_lines(name, LoopTarget(runs, receiver, credential)) if receiver or not elsewhere else []
    if decided:
        typer.echo("\n".join(["", "Retraining:", *decided]))


def status(
    name: Name, namespace: Namespace = "", context: Context = "", runs: Runs = Path("runs"), target: Target = ""
) -> None:
    """Show the serving version, a waiting candidate, and the address for users."""
    from sevenfold.pipelines.releases import ReleaseTarget, status_lines

    typer.echo("\n".join(status_lines(name, ReleaseTarget(namespace, context, runs, target))))


def promote(
    name: Name,
    namespace: Namespace = "",
    context: Context = "",
    runs: Runs = Path("runs"),
    target: Target = "",
    reason: Reason = "",
) -> None:
    """Promote the candidate that waits for a person's approval."""
    from sevenfold.pipelines.releases import ReleaseTarget
    from sevenfold.pipelines.releases import promote as release

    typer.echo(release(name, ReleaseTarget(namespace, context, runs, target), reason, _print))


def rollback(
    name: Name,
    namespace: Namespace = "",
    context: Context = "",
    runs: Runs = Path("runs"),
    target: Target = "",
    reason: Reason = "",
    to: Annotated[str, typer.Option(help="Digest of the bundle to put back; by default the previous one.")] = "",
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Only withdraw the waiting candidate; the serving version stays.")
    ] = False,
) -> None:
    """Put the previously promoted bundle back in one step, without losing a request."""
    from sevenfold.pipelines.releases import ReleaseTarget, roll_back, withdraw

    where = ReleaseTarget(namespace, context, runs, target)
    typer.echo(withdraw(name, where, _print) if candidate else roll_back(name, where, reason, _print, to))


def acknowledge(
    name: Name,
    reason: Annotated[str, typer.Option(help="What was found or mended, for the record.", show_default=False)],
    runs: Runs = Path("runs"),
    receiver: Receiver = "",
    credential: Credential = None,
) -> None:
    """Say that you have seen why the loop called for a person; retrainings that waited for that may start again."""
    from sevenfold.pipelines.decisions import LoopTarget, acknowledge_loop

    typer.echo(acknowledge_loop(name, LoopTarget(runs, receiver, credential), reason))


def add_release_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (history, status, promote, rollback, acknowledge):
        app.command()(command)
