"""A regular expression that gives up: one that backtracks without end must not hold up a replay, or a predictor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.contracts.errors import DataError

__all__ = ["SECONDS", "BoundedPattern", "seconds_of_patterns"]

SECONDS: Final = 2.0  # a pattern that is well written takes microseconds for a text
LEAST: Final = 1e-6  # `regex` takes no timeout of 0
TRIES: Final = (1, 2, 4, 8)  # shares of time, one try after the other
PATIENCE: Final = 10.0  # seconds on the clock after which nothing is tried again


@dataclass
class _Budget:
    left: float  # seconds of computing


_BUDGET: ContextVar[_Budget | None] = ContextVar("budget of patterns", default=None)


@contextmanager
def seconds_of_patterns(seconds: float) -> Iterator[None]:
    """Give all bounded patterns together this long for the `with` block: many slow texts are as bad as one.

    What counts is what the thread computes itself, as in `BoundedPattern`; of a text tried again, the last try.
    """
    token = _BUDGET.set(_Budget(seconds))
    try:
        yield
    finally:
        _BUDGET.reset(token)


@dataclass(frozen=True, eq=False)
class BoundedPattern:
    """A pattern of `regex` whose methods have `seconds` of computing, or what `seconds_of_patterns` leaves of them.

    The timeout of `regex` counts what all threads of the process compute. So where it strikes although this thread
    computed for less than half of its seconds, the text is tried again with twice as long, three times at most and not
    after `PATIENCE`. A slow pattern ends after its seconds where no other thread computes, and after eight times as
    long in the worst last try, in which the others stop. A full machine makes all of this longer on the clock.

    With None it has no bound, for a pattern that cannot backtrack: a bound makes a call on a short text four times as
    dear.

    Raises:
        DataError: by each method: ``grel_pattern_slow``.
    """

    compiled: Any
    text: str
    seconds: float | None = SECONDS

    def search(self, text: str, position: int = 0) -> Any:
        """Return the first match from a position on; None where there is none."""
        return self._bounded(text, lambda limit: self.compiled.search(text, position, timeout=limit))

    def fullmatch(self, text: str) -> Any:
        """Return the match of the whole text; None where there is none."""
        return self._bounded(text, lambda limit: self.compiled.fullmatch(text, timeout=limit))

    def sub(self, replacement: str, text: str) -> str:
        """Return the text with each match replaced, as Python's `re` does it."""
        return str(self._bounded(text, lambda limit: self.compiled.sub(replacement, text, timeout=limit)))

    def matches(self, text: str) -> list[Any]:
        """Return the matches of a text, those of Python's `finditer`."""
        found: list[Any] = self._bounded(text, lambda limit: list(self.compiled.finditer(text, timeout=limit)))
        return found

    def _bounded(self, text: str, call: Callable[[float | None], Any]) -> Any:
        if self.seconds is None:
            return call(None)
        budget, started, computed = _BUDGET.get(), time.monotonic(), 0.0
        share = self.seconds if budget is None else max(min(self.seconds, budget.left), LEAST)
        try:
            for times in TRIES:
                before = time.thread_time()
                try:
                    return call(share * times)
                except TimeoutError:
                    if time.thread_time() - before >= share / 2 or time.monotonic() - started >= PATIENCE:
                        break
                finally:
                    computed = time.thread_time() - before
        finally:
            if budget is not None:
                budget.left -= computed
        raise DataError(
            "grel_pattern_slow",
            f"The pattern /{self.text[:200]}/ must be done with a text in {self.seconds:g} s, and with all texts "
            f"of a request, but is not with one of {len(text):,} characters.",
            remedy="Write it without a repetition inside a repetition.",
        )
