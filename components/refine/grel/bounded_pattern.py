"""A regular expression that gives up: one that backtracks without end must not hold up a replay, or a predictor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.contracts.errors import DataError

__all__ = ["SECONDS", "BoundedPattern"]

SECONDS: Final = 2.0  # for one text; a pattern that is well written takes microseconds


@dataclass(frozen=True, eq=False)
class BoundedPattern:
    """A pattern of `regex` whose methods end after `seconds` at the latest.

    Raises:
        DataError: by each method: ``grel_pattern_slow``.
    """

    compiled: Any
    text: str
    seconds: float = SECONDS

    def search(self, text: str, position: int = 0) -> Any:
        """Return the first match from a position on; None where there is none."""
        try:
            return self.compiled.search(text, position, timeout=self.seconds)
        except TimeoutError:
            raise self._slow(text) from None

    def fullmatch(self, text: str) -> Any:
        """Return the match of the whole text; None where there is none."""
        try:
            return self.compiled.fullmatch(text, timeout=self.seconds)
        except TimeoutError:
            raise self._slow(text) from None

    def sub(self, replacement: str, text: str) -> str:
        """Return the text with each match replaced, as Python's `re` does it."""
        try:
            return str(self.compiled.sub(replacement, text, timeout=self.seconds))
        except TimeoutError:
            raise self._slow(text) from None

    def finditer(self, text: str) -> Iterator[Any]:
        """Yield the matches of a text, as Python's `re` finds them."""
        try:
            yield from self.compiled.finditer(text, timeout=self.seconds)
        except TimeoutError:
            raise self._slow(text) from None

    def _slow(self, text: str) -> DataError:
        return DataError(
            "grel_pattern_slow",
            f"The pattern /{self.text[:200]}/ must be done with a text in {self.seconds:g} s, but is not with one of "
            f"{len(text):,} characters.",
            remedy="Write it without a repetition inside a repetition.",
        )
