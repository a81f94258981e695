"""The thread that sends a predictor's figures every minute; requests never wait for it.

Figures are counters, so there is no queue to fill: whatever was not sent is part of what is sent next, and only what
was counted after the last success is lost with the process.
"""

from __future__ import annotations

import logging
import threading
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.serving.cloud_metrics.figures import Figures, figures_of
from sevenfold.serving.cloud_metrics.windows import DriftWindows

if TYPE_CHECKING:
    from sevenfold.drift.verdict import WindowDrift
    from sevenfold.plan.monitoring import MonitoringSection
    from sevenfold.serving.predictor.meter import Meter

__all__ = ["MetricsSender", "Sink"]

INTERVAL_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 5.0  # for the last figures, once the predictor has ended

log = logging.getLogger("sevenfold.serving.metrics")


class Sink(Protocol):
    """Who gets the figures."""

    def send(self, figures: Figures, window: WindowDrift | None) -> None:
        """Send the figures, and the drift of a window that has just ended.

        Raises:
            SevenfoldError, OSError: they did not get there; then the next call sends what this one did not.
        """


class MetricsSender:
    """Sends the figures of one predictor until it is closed.

    Args:
        meter: the predictor's.
        sink: who gets them.
        section: windows and limits of drift.
        interval_seconds: from one sending to the next.
    """

    def __init__(
        self, meter: Meter, sink: Sink, section: MonitoringSection, *, interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        self._meter, self._sink, self._interval = meter, sink, interval_seconds
        self._windows = DriftWindows(section, time.time())
        self._unsent: WindowDrift | None = None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""  # the cause that the log has
        self.failed = 0

    def start(self, loop: AbstractEventLoop) -> None:
        """Begin, with the loop that answers the requests: counters are read where they are counted."""
        self._thread = threading.Thread(target=self._run, args=(loop,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the last figures, once no request is answered any more; waits a few seconds at most."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
            if self._thread.is_alive():
                return
        last = threading.Thread(target=self.send, args=(self._now,), daemon=True)
        last.start()
        last.join(PATIENCE_SECONDS)

    def send(self, read: Callable[[], Figures | None]) -> None:
        """Send the figures that `read` returns; a failure is counted, and logged once per cause, and nothing else."""
        try:
            figures = read()
            if figures is None:
                return
            self._unsent = self._windows.ended(figures) or self._unsent
            self._sink.send(figures, self._unsent)
            self._unsent = None
            self._recovered()
        except SevenfoldError as error:
            self._failed(error.message, error.remedy)
        except OSError as error:
            self._failed(str(error), "")
        except Exception:
            self.failed += 1
            log.exception("metrics not sent", extra={"data": {"failed": self.failed}})

    def _failed(self, cause: str, remedy: str) -> None:
        self.failed += 1
        if cause != self._told:  # a line a minute would bury what else the log says
            log.warning("metrics not sent", extra={"data": {"failed": self.failed, "cause": cause, "remedy": remedy}})
        self._told = cause

    def _recovered(self) -> None:
        if self._told:
            log.info("metrics sent again", extra={"data": {"failed": self.failed}})
        self._told = ""

    def _run(self, loop: AbstractEventLoop) -> None:
        while not self._end.wait(self._interval):
            self.send(partial(self._read, loop))

    def _read(self, loop: AbstractEventLoop) -> Figures | None:
        read: Future[Figures | None] = Future()

        def answer() -> None:
            try:
                read.set_result(self._now())
            except Exception as error:
                read.set_exception(error)

        try:
            loop.call_soon_threadsafe(answer)
        except RuntimeError:  # closed: the last figures are those of `close`
            return None
        return read.result(self._interval)

    def _now(self) -> Figures | None:
        return figures_of(self._meter, time.time())
