"""The command that says what is missing, here and on a target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sevenfold.cli.target import KUBEFLOW, TargetName, chosen_target

__all__ = ["add_doctor_command"]


def add_doctor_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(
    command: typer.Context,
    plan_path: Annotated[
        Path | None, typer.Argument(metavar="PLAN.YAML", help="The plan that is to run, a YAML file.")
    ] = None,
    target: TargetName = KUBEFLOW,
    endpoint: Annotated[
        str, typer.Option(envvar="KF_PIPELINES_ENDPOINT", help="URL of Kubeflow Pipelines; by default it is looked up.")
    ] = "",
    namespace: Annotated[str, typer.Option(help="Your namespace, on a Kubeflow with several users.")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig; by default the current one.")] = "",
    service_account: Annotated[
        str, typer.Option("--service-account", help="Service account of the pods; by default Kubeflow's own.")
    ] = "",
) -> None:
    """Say what is missing on this machine and on the target, and the command that fixes it.

    Nothing is changed, and no value of a Secret is read. Without a kubeconfig only this machine is checked.
    """
    from rich.console import Console

    from sevenfold.pipelines.doctor import diagnose
    from sevenfold.plan import load_plan

    own = {"endpoint": endpoint, "namespace": namespace, "service_account": service_account}
    chosen = chosen_target(command, target, context=context, **own)
    plan = load_plan(plan_path) if plan_path else None
    raise typer.Exit(diagnose(Console(), plan, chosen.checks(plan)))
