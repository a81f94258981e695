"""What a reader of CSV records returns: good records as texts, and a refusal for each of the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.report.quantity import quantity
from sevenfold.tables.field_style import FieldStyle

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "BAD_BYTES",
    "MAX_FIELD_BYTES",
    "REPEATED_HEADER",
    "Layout",
    "Records",
    "Refusal",
    "Typing",
    "field_too_large",
    "header_changed",
    "is_text",
    "ragged_row",
    "repeated_header",
    "unclosed_quote",
    "undecodable",
]

BAD_BYTES: Final = "encoding"
REPEATED_HEADER: Final = "repeated_header"

MAX_FIELD_BYTES: Final = 1 << 20
FEW_NAMES: Final = 3


@dataclass(frozen=True)
class Refusal:
    """A record that cannot be used: its first line, the column at fault if there is one, the reason, its value."""

    line: int
    column: str
    code: str
    value: str | None = None


@dataclass(frozen=True)
class Layout:
    """What every record of a CSV must look like.

    `names` are the columns in order, `first_line` is the line number of the first byte after the header, `source` what
    the file is called in errors. `trailing` says that every record ends in one more delimiter.
    """

    names: list[str]
    style: FieldStyle
    first_line: int
    source: str
    trailing: bool = False

    @property
    def width(self) -> int:
        """How many fields a record has."""
        return len(self.names) + self.trailing

    def is_header(self, fields: Sequence[str]) -> bool:
        """Whether a record is the header once more, whatever quotes, white space or mark it has around its names."""
        bare = self._bare_names
        if not fields or _bare(fields[0].removeprefix("\ufeff")) != bare[0]:
            return False
        return [_bare(field) for field in fields[1:]] == [*bare[1:], *[""] * (len(fields) - len(bare))]

    def is_reordered_header(self, fields: Sequence[str]) -> bool:
        """Whether a record has the names of the header in another order; rows of two values may be that by chance."""
        first = _bare(fields[0].removeprefix("\ufeff")) if fields else ""
        if len(self.names) < FEW_NAMES or first not in self._known_names:
            return False
        return self._known_names == {first, *map(_bare, fields[1 : len(self.names)])} and not self.is_header(fields)

    @cached_property
    def _bare_names(self) -> list[str]:
        return [_bare(name) for name in self.names]

    @cached_property
    def _known_names(self) -> set[str]:
        return set(self._bare_names)


@dataclass(frozen=True)
class Typing:
    """How Polars reads records: `schema` returns its types by column, `nulls` are texts of a null.

    An empty field is null, too, where `empty_is_null`.
    """

    schema: Callable[[], dict[str, Any]]
    nulls: tuple[str, ...] = ()
    empty_is_null: bool = True

    @classmethod
    def texts(cls, names: Sequence[str]) -> Typing:
        """Return the one that reads each field as the text it is."""
        import polars as pl

        return cls(lambda: dict.fromkeys(names, pl.String), empty_is_null=False)

    def refuses_headers(self, names: Sequence[str]) -> bool:
        """Whether no header among the records can be read so: it would have a name where a number must be.

        Args:
            names: the columns, in any order in that header.
        """
        if any(_bare(name) in {*self.nulls, ""} or _is_number(_bare(name)) for name in names):
            return False
        return any(kind.is_numeric() for kind in self.schema().values())


@dataclass(frozen=True)
class Records:
    """Some records: `lines` int64 of shape ``[n]``, `refusals` of those that have no row in the frame.

    `texts` returns the ``[n]`` rows as texts, "" for empty fields. `typed` has them as the reader was asked to read
    them, None where a value does not fit its type. `size` is the bytes of UTF-8 that they take with the refused ones,
    0 where nobody has counted.
    """

    lines: NDArray[np.int64]
    texts: Callable[[], pl.DataFrame]
    typed: pl.DataFrame | None = None
    refusals: list[Refusal] = field(default_factory=list)
    size: int = 0


def _bare(field: str) -> str:
    return field.strip().strip('"').strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def repeated_header(line: int) -> Refusal:
    """Return the refusal of a header in the middle, as files put one after the other have it."""
    return Refusal(line, "", REPEATED_HEADER)


def header_changed(source: str, line: int) -> DataError:
    """Return the error of a header in the middle that has another order: the rows after it would be read wrongly."""
    return DataError(
        "header_changed",
        f"A header among the rows must be the first one again, but {source}:{line} has its names in another order. "
        f"header_changed {source}:{line}:1",
        remedy="Name the files that were put together one by one: data.source may be a list.",
    )


def is_text(fields: Sequence[str]) -> bool:
    """Whether fields that were decoded with surrogates for bad bytes have none of them."""
    try:
        "".join(fields).encode()
    except UnicodeEncodeError:
        return False
    return True


def undecodable(line: int, fields: Sequence[str], names: Sequence[str]) -> Refusal:
    """Return the refusal of a record with bytes that are no text; in its fields they are surrogates."""
    at = next((at for at, field in enumerate(fields) if not is_text([field])), len(names))
    if len(fields) < len(names) or at >= len(names):
        return Refusal(line, "", BAD_BYTES)
    return Refusal(line, names[at], BAD_BYTES, _shown(fields[at]))


def _shown(field: str) -> str:
    """Return a field with its bad bytes written as hexadecimal escapes."""
    raw = field.encode("utf-8", "surrogateescape")
    with contextlib.suppress(UnicodeError):  # of another encoding than UTF-8 they come as surrogates
        raw = raw.decode("utf-8", "surrogatepass").encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace")


def ragged_row(line: int, fields: int, width: int) -> Refusal:
    """Return the refusal of a record with another number of fields than the header."""
    return Refusal(line, "", "ragged_row", f"{quantity(fields, 'field')} instead of {width}")


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
