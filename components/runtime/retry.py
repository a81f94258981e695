"""Try again what a passing fault stopped: pauses that double, none of them the same, and an end to patience."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sevenfold.runtime.progress import OnMessage

__all__ = ["PATIENT", "Backoff", "with_retries"]

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How patient a call is.

    Pauses double from `first_seconds` up to `longest_seconds`; each is shortened at random by up to half, so that many
    pods that lost the same server do not return to it at once. No pause is begun that would pass `budget_seconds`.
    """

    attempts: int = 12
    first_seconds: float = 0.5
    longest_seconds: float = 45.0
    budget_seconds: float = 300.0

    def pauses(self, chance: Callable[[], float] = random.random) -> Iterator[float]:
        """Yield the pause before each attempt after the first, in seconds; `chance` gives numbers in [0, 1)."""
        spent = 0.0
        for index in range(self.attempts - 1):
            pause = min(self.first_seconds * 2**index, self.longest_seconds) * (1 - chance() / 2)
            spent += pause
            if spent > self.budget_seconds:
                return
            yield pause


PATIENT = Backoff()


def with_retries(
    call: Callable[[], Answer],
    passing: tuple[type[Exception], ...],
    *,
    backoff: Backoff = PATIENT,
    on_message: OnMessage = lambda message: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Return what `call` returns, called again after each passing fault.

    Args:
        call: takes nothing, and may be called more than once.
        passing: the exceptions that another attempt may not meet; any other is raised at once.
        backoff: how often, how long; time that the calls themselves take counts too.
        on_message: gets a sentence: what went wrong and when the next attempt is.
        sleep: waits so many seconds.
        clock: seconds that never go back.

    Raises:
        Exception: the last passing fault, once the patience is used up; the caller says what it means.
    """
    started, pauses = clock(), backoff.pauses()
    for attempt in range(1, backoff.attempts + 1):
        try:
            return call()
        except passing as fault:
            pause = next(pauses, None)
            if pause is None or clock() - started + pause > backoff.budget_seconds:
                raise
            cause = str(fault)[:200] or type(fault).__name__
            on_message(f"attempt {attempt} of {backoff.attempts} failed ({cause}); the next is in {pause:.1f} s")
            sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")
