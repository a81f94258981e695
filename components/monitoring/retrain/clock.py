"""Time for decisions: seconds that never run backwards, whatever happens to the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.journal import Journal

__all__ = ["MOST_AHEAD_SECONDS", "Clock", "clock_of"]

MOST_AHEAD_SECONDS: Final = 2 * 86_400.0  # of the record before this machine's clock


def _running() -> float:
    """Return seconds that only ever rise, those in which the machine slept among them where it counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """Tells the time in seconds since 1970.

    `now` starts from the machine's clock, or from the last moment on record where that is later, and goes on with
    the monotonic clock. So a step of the machine's clock neither shortens a cooldown nor grants a second budget while
    the process lives; after a restart a clock that was put back cannot either, and one that was put forward can.

    Args:
        not_before: the last moment on record.
        wall: the machine's clock.
        monotonic: seconds that only ever rise.
    """

    def __init__(
        self,
        not_before: float = 0.0,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = _running,
    ) -> None:
        self.wall, self._monotonic = wall, monotonic
        self._start, self._base = monotonic(), max(wall(), not_before)

    def now(self) -> float:
        """Return the time for durations."""
        return self._base + (self._monotonic() - self._start)


def clock_of(journal: Journal, *, wall: Callable[[], float] = time.time) -> Clock:
    """Return the clock that goes on from a journal.

    A record that is more than two days ahead was made by a clock that was wrong, as of a machine that had not asked for
    the time yet. It would stop a loop whose processes are short until then. So it is put back as a whole, its newest
    moment to now: cooldown and budget begin again, and end.

    Args:
        journal: of the decisions.
        wall: the machine's clock.

    Raises:
        TemporaryError: ``journal_busy``.
    """
    if journal.latest() > wall() + MOST_AHEAD_SECONDS:
        journal.put_back(wall())
    return Clock(journal.latest(), wall=wall)
