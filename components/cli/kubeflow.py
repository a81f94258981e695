"""The commands that run a plan elsewhere, submit and follow, and those of Kubeflow's schedules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sevenfold.cli.compile import Images, PlanFile, Split, load_with_images
from sevenfold.cli.target import KUBEFLOW, TargetName, chosen_target

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.result import Result

__all__ = ["add_kubeflow_commands"]

ROOT = "s3://mlpipeline/v2/artifacts"

RunsFolder = Annotated[Path, typer.Option(help="Folder that holds the runs.")]
Endpoint = Annotated[
    str,
    typer.Option(
        help="URL of Kubeflow Pipelines; by default it is looked up in this cluster, then in the kubeconfig.",
        envvar="KF_PIPELINES_ENDPOINT",
        show_default=False,
    ),
]
Namespace = Annotated[str, typer.Option(help="Your namespace, on a Kubeflow with several users.")]
Root = Annotated[
    str,
    typer.Option(help=f"Pipeline root, by its address from this machine; by default {ROOT}, or the cloud's section's."),
]
Authority = Annotated[
    Path | None, typer.Option(help="File with the certificates to trust for the endpoint.", show_default=False)
]
# Only as variables: an argument is seen by everybody on the machine.
Token = Annotated[str, typer.Option(envvar="KF_PIPELINES_TOKEN", hidden=True)]
Cookie = Annotated[str, typer.Option(envvar="KF_PIPELINES_COOKIE", hidden=True)]


def add_kubeflow_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("submit")(_submit)
    app.command("follow")(_follow)
    app.command("schedules")(_schedules)


def _submit(
    command: typer.Context,
    plan: PlanFile,
    target: TargetName = KUBEFLOW,
    endpoint: Endpoint = "",
    namespace: Namespace = "",
    experiment: Annotated[str, typer.Option(help="Name of the experiment; by default the plan's.")] = "",
    service_account: Annotated[str, typer.Option(help="Service account of the pods; by default Kubeflow's own.")] = "",
    root: Root = "",
    images: Images = None,
    runs: RunsFolder = Path("runs"),
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
    wait: Annotated[bool, typer.Option(help="Follow the run to its end.")] = True,
    cron: Annotated[str, typer.Option(help='Run it on a schedule: "30 2 * * 1" is every Monday at 2:30 UTC.')] = "",
    every: Annotated[int, typer.Option(help="Run it on a schedule, every so many seconds.", min=0)] = 0,
    split_release: Split = False,
    release_account: Annotated[
        str, typer.Option(help="Service account of the second run's pods; by default Kubeflow's own.")
    ] = "",
    ca_cert: Authority = None,
    token: Token = "",
    cookie: Cookie = "",
) -> None:
    """Run a plan on its target, follow its tasks and fetch report, bundle and decision.

    A local table, notebook or model source is sent to the pipeline root first. The keys and the endpoint of the root
    come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL, or from a profile; the login comes from
    KF_PIPELINES_TOKEN or KF_PIPELINES_COOKIE, or from where kfp itself keeps it.

    Ctrl-C leaves the run running. With --cron or --every the plan gets a schedule instead, which replaces an earlier
    one.

    With --split-release the run ends after the test, under an account that may not deploy. A second run deploys the
    very bytes that passed.

    The exit status is that of `sevenfold run`.
    """
    from rich.console import Console

    from sevenfold.pipelines.kubeflow.login import Login
    from sevenfold.pipelines.targets import RunRequest

    chosen = chosen_target(
        command,
        target,
        endpoint=endpoint,
        namespace=namespace,
        experiment=experiment,
        service_account=service_account,
        cron=cron,
        every=every,
        split_release=split_release,
        release_account=release_account,
        **{"login": Login(token, cookie, ca_cert)},
    )
    asked = RunRequest(
        plan_path=plan, runs=runs, root=root, data=data, trials=trials, max_epochs=max_epochs, seed=seed, wait=wait
    )
    console = Console()
    _end(chosen.submit(load_with_images(plan, images), asked, console), console)


def _follow(
    command: typer.Context,
    run: Annotated[
        str, typer.Argument(help="Id of the run, its first letters, or its folder.", metavar="RUN", show_default=False)
    ],
    target: Annotated[str, typer.Option(help="System that runs it; by default the one it was submitted to.")] = "",
    endpoint: Endpoint = "",
    namespace: Namespace = "",
    root: Annotated[str, typer.Option(help="Pipeline root; by default that of the run.")] = "",
    runs: RunsFolder = Path("runs"),
    ca_cert: Authority = None,
    token: Token = "",
    cookie: Cookie = "",
) -> None:
    """Follow a submitted run, from this machine or another, and fetch its results.

    The exit status is that of `sevenfold run`.
    """
    from rich.console import Console

    from sevenfold.pipelines.known_runs import find_known_run
    from sevenfold.pipelines.kubeflow.login import Login

    known = None if target else find_known_run(run, runs)
    name = target or (known.target if known else KUBEFLOW)
    own = {"endpoint": endpoint, "namespace": namespace, "login": Login(token, cookie, ca_cert)}
    console = Console()
    _end(chosen_target(command, name, **own).follow(run, runs=runs, root=root, console=console), console)


def _schedules(
    endpoint: Endpoint = "",
    namespace: Namespace = "",
    remove: Annotated[str, typer.Option(help="Name of the plan whose schedule is to be removed.")] = "",
    ca_cert: Authority = None,
    token: Token = "",
    cookie: Cookie = "",
) -> None:
    """List the plans that Kubeflow runs on a schedule, or remove a plan's schedule.

    A schedule whose last run has not ended yet is only stopped: remove or replace it again after that.
    """
    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.kubeflow.login import Login
    from sevenfold.pipelines.kubeflow.schedules import list_schedules, remove_schedule

    engine = Engine(endpoint, namespace, Login(token, cookie, ca_cert))
    schedules = list_schedules(engine)
    if remove:
        from sevenfold.contracts.errors import PolicyError

        gone = [known for known in schedules if known.display_name == remove]
        if not gone:
            raise PolicyError("no_schedule", f"{remove!r} must have a schedule, but has none.")
        for known in gone:
            done = remove_schedule(engine, known.recurring_run_id)
            typer.echo("removed" if done else "stopped; a run that it started has not ended yet")
        return
    for known in schedules:
        trigger = known.trigger
        when = f"cron {trigger.cron_schedule.cron}" if trigger.cron_schedule else ""
        when = when or f"every {trigger.periodic_schedule.interval_second} s"
        state = "" if known.status == "ENABLED" else f"  {known.status}"
        typer.echo(f"{known.display_name:<30}  {when}  {known.recurring_run_id}{state}")


def _end(result: Result | None, console: Console) -> None:
    """Print how a run that was waited for ended, and leave with its exit status."""
    from sevenfold.pipelines.ending import show_ending

    if result is not None:
        show_ending(console, result)
        raise typer.Exit(result.exit_status)
