"""The header of a table: its names by themselves, and against the columns of the plan."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role
from sevenfold.plan.data import DataSection
from sevenfold.tables.csv_head import HEAD_CHARACTERS, header_of, read_head
from sevenfold.tables.dialect import DELIMITERS, name_key
from sevenfold.tables.encoding import wrong_encoding
from sevenfold.tables.field_style import FieldStyle

__all__ = [
    "MAX_COLUMNS",
    "Header",
    "check_columns",
    "check_delimiter",
    "check_names",
    "missing_columns",
    "split_header",
    "unknown_columns",
]

MAX_COLUMNS: Final = 2_000


@dataclass(frozen=True)
class Header:
    """The header of a CSV: its trimmed names, and the bytes after it with the number of their first line.

    `head` is the beginning of the file, for what another delimiter would make of it. `trailing` says that every record
    ends in one more delimiter. `size` is how many bytes of UTF-8 come before the body.
    """

    names: list[str]
    head: str
    body: Iterator[bytes]
    next_line: int
    trailing: bool = False
    size: int = 0


def split_header(chunks: Iterator[bytes], style: FieldStyle, path: Path, encoding: str = "utf-8") -> Header:
    """Split the bytes that `utf8_chunks` yields for a CSV into its header and the rest.

    Raises:
        DataError: ``empty_file``, ``unclosed_quote``, ``encoding``, ``delimiter``.
    """
    first = next(chunks, b"")
    while first and not first.strip(b"\r\n"):
        more = next(chunks, b"")
        if not more:
            break
        first += more
    # a piece may end inside a character; what follows the header is not decoded here
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(first)
    if not text.strip("\r\n"):
        raise DataError("empty_file", f"A table must have a header and rows, but {path.name} holds no text.")
    head = read_head(text[:HEAD_CHARACTERS] if len(text) > HEAD_CHARACTERS else text, style)
    taken = text[: head.characters].encode("utf-8", "surrogateescape")
    if any("\udc80" <= letter <= "\udcff" for name in head.names for letter in name):
        raise wrong_encoding(path, encoding)
    if head.separator and head.separator != style.delimiter:
        raise DataError(
            "delimiter",
            f"Fields must be separated by {style.delimiter!r}, but the first line of {path.name} says "
            f"sep={head.separator}. delimiter {path.name}:1:1",
            remedy=f"Set data.delimiter to {head.separator!r}; see to data.decimal too.",
        )
    body = chain([first[len(taken) :]], chunks)
    return Header(head.names, text[:HEAD_CHARACTERS], body, head.lines + 1, head.trailing, len(taken))


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse column names that are too many, empty, or alike.

    Raises:
        DataError: ``too_many_columns``, ``empty_column_name``, ``duplicate_column``.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            "too_many_columns",
            f"A table may have at most {MAX_COLUMNS} columns, but {source} has {len(names)}.",
            remedy="Export fewer columns.",
        )
    seen: dict[str, str] = {}
    for at, name in enumerate(names, 1):
        key = name_key(name)
        if not key:
            raise DataError(
                "empty_column_name",
                f"Every column must have a name, but column {at} has none. empty_column_name {source}:1:{at}",
                remedy="Name it. An exported row index is left out with index=False (pandas).",
            )
        if key in seen:
            raise DataError(
                "duplicate_column",
                f"Column names must differ in more than case, spaces and invisible characters, but {seen[key]!r} and "
                f"{name!r} do not. duplicate_column {source}:1:{at}",
                remedy="Rename one of them.",
            )
        seen[key] = name


def check_columns(names: Sequence[str], data: DataSection, source: str) -> None:
    """Check the columns a table has against those of the plan.

    Raises:
        DataError: ``missing_column``, ``unknown_column``.
    """
    missing, unknown = missing_columns(names, data), unknown_columns(names, data)
    if missing:
        raise DataError(
            "missing_column",
            f"The table must have every column of the plan, but {source} lacks {_some(missing, 30)}; "
            f"it has {_some(names)}.",
            remedy="Correct the names in data.columns, or give the columns that are no longer there role: ignore.",
        )
    if unknown:
        raise DataError(
            "unknown_column",
            f"The plan must name every column of the table, but data.columns lacks {_some(unknown)} of {source}.",
            remedy="Add them, with role: ignore where the model must not see them.",
        )


def missing_columns(names: Collection[str], data: DataSection) -> list[str]:
    """Return the plan's columns that a table with these names lacks; one with role ignore may be gone."""
    have = set(names)
    return [name for name, column in data.columns.items() if name not in have and column.role is not Role.IGNORE]


def unknown_columns(names: Sequence[str], data: DataSection) -> list[str]:
    """Return the columns of a table that the plan does not name."""
    return [name for name in names if name not in data.columns]


def check_delimiter(header: Header, data: DataSection, source: str) -> None:
    """Refuse the plan's delimiter where another one splits the header into more of the plan's columns.

    Raises:
        DataError: ``delimiter``.
    """
    fitting = len(set(header.names) & set(data.columns))
    if fitting == len(data.columns):
        return
    for other in DELIMITERS:
        if other == data.delimiter:
            continue
        try:
            names = header_of(header.head, FieldStyle(other, data.quote, data.escape, data.skip_initial_space))
        except DataError:
            continue
        if len(set(names) & set(data.columns)) > fitting or (len(header.names) == 1 and len(names) > 1):
            raise DataError(
                "delimiter",
                f"Fields must be separated by {data.delimiter!r}, as the plan says, but {source} has {other!r}. "
                f"delimiter {source}:1:1",
                remedy=f"Set data.delimiter to {other!r}; see to data.decimal too.",
            )


def _some(names: Sequence[str], count: int = 8) -> str:
    listed = ", ".join(repr(name[:60]) for name in list(names)[:count])
    return listed + (f" and {len(names) - count} more" if len(names) > count else "")
