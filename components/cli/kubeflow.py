"""The commands that call Kubeflow: submit, follow, schedules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sevenfold.cli.compile import Images, PlanFile, Split, load_with_images

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from sevenfold.pipelines.kubeflow.schedules import Schedule
    from sevenfold.pipelines.kubeflow.submit import Submitted

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
Root = Annotated[str, typer.Option(help="Pipeline root, by its address from this machine.")]
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
    plan: PlanFile,
    endpoint: Endpoint = "",
    namespace: Namespace = "",
    experiment: Annotated[str, typer.Option(help="Name of the experiment; by default the plan's.")] = "",
    service_account: Annotated[str, typer.Option(help="Service account of the pods; by default Kubeflow's own.")] = "",
    root: Root = ROOT,
    images: Images = None,
    runs: RunsFolder = Path("runs"),
    data: Annotated[str, typer.Option(help="Another table with the plan's columns: a path or an address.")] = "",
    trials: Annotated[int | None, typer.Option(help="Number of tuning trials; by default the plan's.", min=0)] = None,
    max_epochs: Annotated[
        int | None, typer.Option(help="Largest number of epochs of the final training; by default the plan's.", min=1)
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
    """Run a plan on Kubeflow Pipelines, follow its tasks and fetch report, bundle and decision.

    A local table, notebook or model source is sent to the pipeline root first. The keys and the endpoint of the root
    come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL, or from a profile; the login comes from
    KF_PIPELINES_TOKEN or KF_PIPELINES_COOKIE, or from where kfp itself keeps it.

    Ctrl-C leaves the run running. With --cron or --every the plan gets a schedule instead, which replaces an earlier
    one.

    With --split-release the run ends after the test, under an account that may not deploy. A second run deploys the
    very bytes that passed.

    The exit status is that of `sevenfold run`.
    """
    from dataclasses import replace

    from rich.console import Console

    from sevenfold.contracts.errors import PolicyError
    from sevenfold.pipelines.doctor import show_check
    from sevenfold.pipelines.kubeflow.check import ClusterTarget
    from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.kubeflow.login import Login
    from sevenfold.pipelines.kubeflow.schedules import Schedule
    from sevenfold.pipelines.kubeflow.split import split_target
    from sevenfold.pipelines.kubeflow.store import Store
    from sevenfold.pipelines.kubeflow.submit import Submission, submit
    from sevenfold.pipelines.kubeflow.watch import watch

    target = ClusterTarget(endpoint=endpoint, namespace=namespace, account=service_account)
    if split_release:
        target = split_target(target, release_account, wait=wait, scheduled=bool(cron or every))
    elif release_account:
        raise PolicyError(
            "release_account",
            f"--release-account belongs to --split-release, but was given without it: {release_account!r}.",
            remedy="Add --split-release, or name the one run's account with --service-account.",
        )
    loaded = load_with_images(plan, images)
    when = Schedule(loaded.name, cron, every) if cron or every else None
    asked = Submission(
        plan_path=plan,
        runs=runs,
        root=root,
        experiment=experiment,
        account=service_account,
        split=split_release,
        release_account=release_account,
        data=data,
        trials=trials,
        max_epochs=max_epochs,
        seed=seed,
    )
    console = Console()
    store, engine = Store(root), Engine(endpoint, namespace, Login(token, cookie, ca_cert))
    on_message = _printer(console)
    if when is not None:
        from sevenfold.pipelines.kubeflow.submit import schedule

        number, replaced = schedule(asked, loaded, when, engine, store, on_message)
        again = f"; {replaced} earlier removed" if replaced else ""
        console.print(f"schedule {number}: {_moments(when)}{again}", highlight=False, soft_wrap=True)
        return
    checked = replace(target, endpoint=engine.endpoint, namespace=engine.namespace)
    require_cluster(loaded, checked, engine, lambda check: show_check(console, check))

    def start() -> Submitted:
        sent = submit(asked, loaded, engine, store, on_message)
        console.print(f"  run      {engine.link(sent.run)}", highlight=False, soft_wrap=True)
        return sent

    sent = start()
    if wait:
        watch(sent, engine, store, console, again=start)
    else:
        console.print(f"  follow   sevenfold follow {sent.run[:8]}", highlight=False, soft_wrap=True)


def _follow(
    run: Annotated[
        str, typer.Argument(help="Id of the run, its first letters, or its folder.", metavar="RUN", show_default=False)
    ],
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

    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.kubeflow.login import Login
    from sevenfold.pipelines.kubeflow.split import refuse_release
    from sevenfold.pipelines.kubeflow.store import Store
    from sevenfold.pipelines.kubeflow.submit import Submitted, find_run, run_folder
    from sevenfold.pipelines.kubeflow.watch import watch

    known = find_run(run, runs)
    engine = Engine(endpoint or (known[1] if known else ""), namespace, Login(token, cookie, ca_cert))
    store = Store(root or (known[2] if known else ROOT))
    if known:
        sent = known[0]
    else:
        begun = engine.run(run)
        refuse_release(begun)
        name = str(engine.pipeline(begun).display_name)
        sent = Submitted(run, name, run_folder(runs / name, run))
        sent.folder.record(run=run, endpoint=engine.endpoint, root=store.root, link=engine.link(run))
    watch(sent, engine, store, Console())


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


def _printer(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(f"  {text}", style="dim", highlight=False, markup=False)


def _moments(when: Schedule) -> str:
    return f"cron {when.cron}" if when.cron else f"every {when.every} s"
