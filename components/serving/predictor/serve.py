"""Run the predictor: forbid pickle, load, bind, announce the address, serve until a signal, drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import MissingExtraError, PolicyError, SevenfoldError
from sevenfold.runtime.environment import feedback_credential
from sevenfold.serving.predictor.app import Predictor
from sevenfold.serving.predictor.feedback import App, FeedbackPort, by_port
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.log import log_to_stderr
from sevenfold.serving.predictor.model import ServedModel

if TYPE_CHECKING:
    from sevenfold.serving.predictor.draining import DrainingServer
    from sevenfold.serving.predictor.meter import Meter

__all__ = ["PICKLE_STATUS", "forbid_pickle", "serve"]

PICKLE_STATUS: Final = 70  # of a process that was about to unpickle a class
BACKLOG: Final = 1_024
GRACE_SECONDS: Final = 30  # for requests in flight, after draining

log = logging.getLogger("sevenfold.serving")


class Reporter(Protocol):
    """Tells somebody of the predictor's figures, off the path of requests."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, with the loop that answers the requests."""

    def close(self) -> None:
        """Tell the last figures, once no request is answered any more."""


def forbid_pickle() -> None:
    """Install an audit hook that ends the process with status 70 on ``pickle.find_class``; it cannot be removed."""
    sys.addaudithook(_refuse_pickle)


def _refuse_pickle(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        log.critical("a pickle was about to load a class", extra={"data": {"class": ".".join(map(str, arguments))}})
        # The caller could catch an exception; nothing that unpickles here may go on.
        os._exit(PICKLE_STATUS)


def serve(
    bundle: Path,
    *,
    name: str = "",
    host: str = "127.0.0.1",
    port: int = 8080,
    digest: str = "",
    port_file: Path | None = None,
    limits: Limits | None = None,
    predict_route: str = "",
    health_route: str = "",
    feedback_port: int | None = None,
    credential: Callable[[], str] = feedback_credential,
    metrics: Callable[[Meter], Reporter] | None = None,
) -> None:
    """Serve a bundle until SIGTERM or SIGINT, then drain and return; SIGHUP loads the folder again.

    Args:
        bundle: a verified bundle folder.
        name: the served name; empty takes the plan's.
        host: the address to listen on.
        port: 0 takes a free one.
        digest: the digest the bundle must have; empty takes any that is sound.
        port_file: where to write ``{"digest", "host", "name", "pid", "port"}``, and ``feedback_port`` where there is
            one, once requests are taken.
        limits: what is accepted at most.
        predict_route: one more address of predictions, in the form of KServe's V1; "" for none.
        health_route: one more address that says whether the predictor is ready.
        feedback_port: port of the same address for labels that come back; 0 takes a free one, None opens none.
        credential: what who feeds back must show.
        metrics: makes what sends the figures to a cloud; None sends none.

    Raises:
        SevenfoldError: if the bundle is refused (see `ServedModel.load`) or, ``address_in_use``, a port is taken;
            ``bad_credential`` where labels are wanted without one.
    """
    try:
        import httptools  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(error.name or "uvicorn", "serve") from error
    if feedback_port is not None:
        credential()
    log_to_stderr()
    bounds = limits or Limits()
    predictor = Predictor(
        bounds,
        name=name or "model",
        predict_route=predict_route,
        health_route=health_route,
        takes_feedback=feedback_port is not None,
    )
    model = predictor.load(lambda: ServedModel.load(bundle, name=name, digest=digest))
    # What exists now stays: the garbage collector need not visit it again with every few requests.
    gc.collect()
    gc.freeze()
    listeners = [_listen(host, port)]
    address = {
        "digest": model.digest,
        "host": host,
        "name": model.name,
        "pid": os.getpid(),
        "port": listeners[0].getsockname()[1],
    }
    app: App = predictor
    if feedback_port is not None:
        listeners.append(_listen(host, feedback_port))
        address["feedback_port"] = listeners[1].getsockname()[1]
        app = by_port(address["feedback_port"], FeedbackPort(predictor, credential), predictor)

    def reload() -> None:
        try:
            predictor.load(lambda: ServedModel.load(bundle, name=model.name))
        except SevenfoldError:
            log.warning("the last good model goes on serving")

    sender = metrics(predictor.meter) if metrics is not None else None

    def start() -> None:
        _announce(address, port_file)
        if sender is not None:
            sender.start(asyncio.get_running_loop())

    server = _server(app, predictor, on_start=start, on_reload=reload)
    server.run(sockets=listeners)
    if sender is not None:
        sender.close()
    log.info("stopped")


def _announce(address: dict[str, Any], port_file: Path | None) -> None:
    if port_file is not None:
        write_json(port_file, address)
    log.info("serving", extra={"data": {**address, "url": f"http://{address['host']}:{address['port']}"}})


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PolicyError(
            "address_in_use",
            f"The predictor must be able to listen at {host}:{port}, but cannot: {error.strerror}.",
            remedy="Name another with --host and --port; --port 0 takes a free one.",
        ) from error
    return listener


def _server(
    app: App, predictor: Predictor, *, on_start: Callable[[], None], on_reload: Callable[[], None]
) -> DrainingServer:
    import uvicorn

    from sevenfold.serving.predictor.connection import IDLE_SECONDS, bounded_connection
    from sevenfold.serving.predictor.draining import DrainingServer

    config = uvicorn.Config(
        app,
        http=bounded_connection(predictor.limits),
        loop="uvloop" if _has_uvloop() else "asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    return DrainingServer(config, predictor, on_start=on_start, on_reload=on_reload)


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
