"""Watch: turn the loop again and again, and keep the promoted model serving meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sevenfold.contracts.service import LocalService
from sevenfold.monitoring.retrain.history_report import entry_line, person_needed
from sevenfold.pipelines.local.interruption import interruptions
from sevenfold.pipelines.local.loop import PAGE, LocalLoop
from sevenfold.serving.local.predictor import runs, start_predictor
from sevenfold.serving.local.process import end_process

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["PromotedService", "watch_loop"]


class PromotedService:
    """The promoted model as a process of this machine: a new one answers before the old one is stopped.

    Use it as a context manager; leaving it stops what serves.
    """

    def __init__(self, loop: LocalLoop) -> None:
        self._loop = loop
        self._service: LocalService | None = None

    def __enter__(self) -> PromotedService:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop(self._service)

    def keep(self) -> str:
        """See that the promoted model serves; return its address where that is a new one, else "".

        Raises:
            ServingError: the predictor does not start; what served before goes on serving.
        """
        wanted, present = self._loop.serving.bundle, self._service
        if present is not None and present.digest == wanted and runs(present):
            return ""
        bundle = self._loop.registry.bundle(wanted)
        log = self._loop.home / f"watch-{wanted.removeprefix('sha256:')[:12]}.log"
        self._service = start_predictor(bundle, name=self._loop.plan.name, log=log)
        self._stop(present)
        self._loop.url = self._service.url
        return self._service.url

    def _stop(self, service: LocalService | None) -> None:
        if service is not None and runs(service):
            end_process(service.pid, service.started)


def watch_loop(
    loop: LocalLoop,
    console: Console,
    *,
    every_seconds: float = 60.0,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Turn a loop until it is interrupted, or once; return whether a person must look.

    Args:
        loop: the loop.
        console: gets a line for each decision.
        every_seconds: pause between two turns.
        once: turn it once, and serve nothing.
        sleep: waits so many seconds.

    Raises:
        RunInterrupted: after Ctrl-C, SIGTERM or SIGHUP.
    """
    with interruptions(), PromotedService(loop) as service:
        while True:
            if not once:
                _announce(service, console)
            for entry in loop.look():
                console.print(entry_line(entry), highlight=False, markup=False, soft_wrap=True)
            if once:
                console.print(f"page: {loop.home / PAGE}", highlight=False, markup=False, soft_wrap=True)
                return person_needed(loop.journal.entries(loop.plan.name)) is not None
            _announce(service, console)
            sleep(every_seconds)


def _announce(service: PromotedService, console: Console) -> None:
    address = service.keep()
    if address:
        console.print(f"serving at {address}", highlight=False, markup=False, soft_wrap=True)
