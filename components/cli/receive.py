"""The command that lets an alert retrain a model on a cluster."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sevenfold.cli.compile import Images, load_with_images
from sevenfold.cli.kubeflow import ROOT, Authority, Cookie, Endpoint, Namespace, Root, Token

__all__ = ["add_receive_command"]


def add_receive_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(receive)


def receive(
    plans: Annotated[
        list[Path],
        typer.Argument(help="Plans with a retrain.trigger: drift or schedule.", metavar="PLAN...", show_default=False),
    ],
    credential: Annotated[
        Path, typer.Option(help="File that holds what Alertmanager sends as bearer token.", show_default=False)
    ],
    folder: Annotated[Path, typer.Option(help="Folder of the journal; it must outlive the process.")] = Path("runs"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8090,
    model_namespace: Annotated[
        str, typer.Option(help="Namespace whose models are meant; by default that of each plan.")
    ] = "",
    endpoint: Endpoint = "",
    namespace: Namespace = "",
    service_account: Annotated[str, typer.Option(help="Service account of the pods; by default Kubeflow's own.")] = "",
    root: Root = ROOT,
    images: Images = None,
    ca_cert: Authority = None,
    token: Token = "",
    cookie: Cookie = "",
) -> None:
    """Receive Alertmanager's notifications, and retrain once where a model has drifted; or by a plan's schedule.

    Give Alertmanager http://HOST:PORT/alerts as webhook, with the credential. A decision is on disk before it is
    answered. Runs until SIGTERM or Ctrl-C; what was decided and not started is started by the next one.
    """
    from sevenfold.pipelines.kubeflow.receive import Received, serve_receiver

    serve_receiver(
        Received(
            plans=tuple((plan, load_with_images(plan, images)) for plan in plans),
            credential=credential,
            folder=folder,
            host=host,
            port=port,
            model_namespace=model_namespace,
            endpoint=endpoint,
            namespace=namespace,
            account=service_account,
            root=root,
            authority=ca_cert,
            token=token,
            cookie=cookie,
        ),
        # not to sys.stdout by its name, which is another while kfp is silenced in another thread
        on_message=partial(typer.echo, file=sys.stdout),
    )
