"""Time for decisions: seconds that never run backwards, whatever happens to the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock"]


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wall, self._monotonic = wall, monotonic
        self._start, self._base = monotonic(), max(wall(), not_before)

    def now(self) -> float:
        """Return the time for durations."""
        return self._base + (self._monotonic() - self._start)
