"""What a reader of CSV records returns: good records as texts, and a refusal for each of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_FIELD_BYTES", "Records", "Refusal", "field_too_large", "ragged_row", "unclosed_quote"]

MAX_FIELD_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Refusal:
    """A record that cannot be used: its first line, the column at fault if there is one, the reason, its value."""

    line: int
    column: str
    code: str
    value: str | None = None


@dataclass(frozen=True)
class Records:
    """Some records: `lines` int64 of shape ``[n]``, `refusals` of those that have no row in the frame.

    `texts` returns the ``[n]`` rows as texts, "" for empty fields. `typed` returns them read by another schema, or None
    where a value does not fit it; null is an empty field there.
    """

    lines: NDArray[np.int64]
    texts: Callable[[], pl.DataFrame]
    typed: Callable[[dict[str, Any], tuple[str, ...]], pl.DataFrame | None]
    refusals: list[Refusal] = field(default_factory=list)


def ragged_row(line: int, fields: int, width: int) -> Refusal:
    """Return the refusal of a record with another number of fields than the header."""
    return Refusal(line, "", "ragged_row", f"{fields} fields instead of {width}")


def unclosed_quote(source: str, line: int) -> DataError:
    """Return the error of a quote that swallows the rest of the file."""
    return DataError(
        "unclosed_quote",
        f"Every quote must be closed, but the one opened in {source}:{line} is not. unclosed_quote {source}:{line}:1",
        remedy="Close it, or double it where it is meant as a character.",
    )


def field_too_large(source: str, line: int, column: int) -> DataError:
    """Return the error of a field beyond the limit; column 0 where it is not known."""
    return DataError(
        "field_too_large",
        f"A field may have at most {MAX_FIELD_BYTES} bytes, but {source}:{line} has a longer one. "
        f"field_too_large {source}:{line}:{column or 1}",
        remedy="Remove the column from the export, or see whether a quote is missing.",
    )
