"""The HTTP server of the predictor: uvicorn's, which refuses new requests for a while before it ends.

A server that is gone gives its clients an error of their own; a refusal says that another one may answer. In a cluster
the pod waits before the signal until no route points at it.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from time import monotonic
from types import FrameType

import uvicorn

from sevenfold.serving.predictor.app import Predictor
from sevenfold.serving.predictor.connection import close_stalled

__all__ = ["DrainingServer"]


class DrainingServer(uvicorn.Server):  # type: ignore[misc]
    """After the first signal not ready, and new requests get 503 for some time; after the second it ends at once.

    Args:
        config: uvicorn's; its connections are of `bounded_connection`.
        predictor: answers the requests.
        on_start: called once requests are taken.
        on_reload: called after SIGHUP.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        predictor: Predictor,
        *,
        on_start: Callable[[], None],
        on_reload: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._predictor, self._on_start, self._on_reload = predictor, on_start, on_reload
        self._leave_at: float | None = None
        self._reload = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; SIGHUP reloads from now on."""
        await super().startup(sockets=sockets)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: setattr(self, "_reload", True))
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain, or end where that has begun."""
        if self._predictor.draining:
            self.should_exit = True
            return
        self._predictor.draining = True
        self._leave_at = monotonic() + self._predictor.limits.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Do what is due, ten times a second; return whether to end."""
        if self._reload:
            self._reload = False
            self._on_reload()
        if self._leave_at is not None and monotonic() >= self._leave_at:
            self.should_exit = True
        if counter % 10 == 0:
            close_stalled(self.server_state.connections)
        return bool(await super().on_tick(counter))
