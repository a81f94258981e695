"""The command that says what is missing, here and on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_doctor_command"]


def add_doctor_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(
    plan_path: Annotated[
        Path | None, typer.Argument(metavar="PLAN.YAML", help="The plan that is to run, a YAML file.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="KF_PIPELINES_ENDPOINT", help="URL of Kubeflow Pipelines; by default it is looked up.")
    ] = "",
    namespace: Annotated[str, typer.Option(help="Your namespace, on a Kubeflow with several users.")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig; by default the current one.")] = "",
    account: Annotated[
        str, typer.Option("--service-account", help="Service account of the pods; by default Kubeflow's own.")
    ] = "",
) -> None:
    """Say what is missing on this machine and on the cluster, and the command that fixes it.

    Nothing is changed, and no value of a Secret is read. Without a kubeconfig only this machine is checked.
    """
    from rich.console import Console

    from sevenfold.pipelines.doctor import diagnose
    from sevenfold.pipelines.kubeflow.check import ClusterTarget
    from sevenfold.plan import load_plan

    plan = load_plan(plan_path) if plan_path else None
    target = ClusterTarget(endpoint=endpoint, namespace=namespace, context=context, account=account)
    raise typer.Exit(diagnose(Console(), plan, target))
