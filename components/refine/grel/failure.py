"""How a function says that it cannot work on its arguments, and how an evaluation ends where OpenRefine's ends."""

from __future__ import annotations

from sevenfold.contracts.errors import DataError

__all__ = ["Failed", "aborted"]


class Failed(Exception):
    """Raised inside a function; the call that holds it gives an `EvalError` with this message."""


def aborted(message: str, remedy: str) -> DataError:
    """Return the error for an evaluation that OpenRefine ends with an exception instead of an error value."""
    return DataError("grel_evaluation", message, remedy=remedy)
