"""Wait until a condition holds: check, pause, check again, and give up when the patience is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_until"]

Answer = TypeVar("Answer")


def _timeout() -> Exception:
    return TimeoutError("The condition did not hold in time.")


def wait_until(
    condition: Callable[[], Answer | None],
    *,
    pause_seconds: float,
    patience_seconds: float = math.inf,
    late: Callable[[], Exception] = _timeout,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Return the first answer of `condition` that is neither None nor False.

    The condition is checked at least once, and once more after the last pause; that pause may end up to
    `pause_seconds` after the patience does. What the condition raises goes through.

    Args:
        condition: checked before each pause; it may raise to end the wait early.
        pause_seconds: pause between two checks.
        patience_seconds: longest wait; the time that the checks take counts too.
        late: called when the patience is over; returns what is raised then.
        sleep: waits so many seconds; each pause counts in full, even if a test's `sleep` returns at once.
        clock: seconds that never go back.

    Raises:
        Exception: what `late` returns; TimeoutError by default.
    """
    started, slept = clock(), 0.0
    while True:
        answer = condition()
        if answer is not None and answer is not False:
            return answer
        if max(clock() - started, slept) >= patience_seconds:
            raise late()
        sleep(pause_seconds)
        slept += pause_seconds
