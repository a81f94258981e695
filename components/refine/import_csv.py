"""Read a table as OpenRefine's importers do by default: every cell a text, an empty one null."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column
from sevenfold.refine.plain_csv import PlainTable, plain_table
from sevenfold.refine.table import Table

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FIRST_BREAK",
    "check_line_ends",
    "import_csv",
    "is_parquet",
    "records_of",
    "table_of_frame",
    "table_of_plain",
    "table_of_records",
    "without_comments",
]

FIRST_BREAK: Final = re.compile(r"\r\n?|\n")
_SPACES: Final = "".join(map(chr, range(33)))
_OTHERS: Final = ",;\t|"
csv.field_size_limit(1 << 30)


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def table_of_frame(frame: pl.DataFrame) -> Table:
    """Return a frame as the texts that a CSV of it holds.

    Raises:
        DataError: ``refine_type``.
    """
    import polars as pl

    odd = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
    if odd:
        raise DataError(
            "refine_type",
            f"A column must hold texts, numbers, dates or booleans, but {odd[0]!r} is {frame.schema[odd[0]]}.",
            remedy="Write it as text first.",
        )
    texts = frame.select(pl.all().cast(pl.String))
    columns = [Column.of(name, [cell or None for cell in texts[name].to_list()]) for name in texts.columns]
    return Table.of(columns, frame.height)


def import_csv(text: str, delimiter: str = ",", name: str = "the table") -> Table:
    """Return the table of a CSV text.

    Empty lines and lines that begin with # are left out, short records are filled with nulls, longer ones make columns
    ``Column 4``; names are trimmed, and repeated ones numbered.

    Raises:
        DataError: ``stray_quote``, ``unclosed_quote``, ``line_ends``, ``delimiter``, ``duplicate_column``.
    """
    lines = _lines(text, name)
    plain = plain_table(lines.getvalue(), delimiter) if isinstance(lines, io.StringIO) else None
    if plain is not None:
        return table_of_plain(plain, delimiter, name)
    return table_of_records(list(records_of(lines, delimiter, name)))


def table_of_plain(plain: PlainTable, delimiter: str, name: str) -> Table:
    """Return the table of fields that Polars has cut.

    Raises:
        DataError: ``delimiter``, ``duplicate_column``.
    """
    _check_delimiter(plain.header, delimiter, name)
    columns = zip(_names(plain.header, 0), plain.columns, strict=True)
    return Table.of((Column(title, codes, values) for title, (codes, values) in columns), plain.height)


def records_of(lines: Iterable[str], delimiter: str, name: str, begin: int = 0) -> Iterator[list[str]]:
    """Yield the records that are not empty, the header first; `begin` lines stand before the first of `lines`.

    Raises:
        DataError: ``stray_quote``, ``delimiter``.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = True
    try:
        for record in reader:
            if record and first:
                _check_delimiter(record, delimiter, name)
                first = False
            if record:
                yield record
    except csv.Error as error:
        line = begin + reader.line_num
        raise DataError(
            "stray_quote",
            f"A quote must begin and end a whole field, but in {name} near line {line} one does not.",
            remedy="Double a quote that belongs to the text.",
        ) from error


def _lines(text: str, name: str) -> Iterable[str]:
    """Return the lines; the kind of the first line break is that of all."""
    found = FIRST_BREAK.search(text)
    if found and found[0] != "\n":
        text = text.replace(found[0], "\n")
    check_line_ends(text, name)
    lines = io.StringIO(text, newline="\n")
    if "\n#" not in text and not text.startswith("#"):
        return lines
    return without_comments(lines)


def check_line_ends(text: str, name: str) -> None:
    """Refuse a text in which carriage returns are left where each line ends in a line feed.

    Raises:
        DataError: ``line_ends``.
    """
    if "\r" in text:
        raise DataError(
            "line_ends",
            f"All lines of a table must end alike, but {name} has a carriage return in the middle of one.",
            remedy="Write the file with one kind of line end.",
        )


def without_comments(lines: Iterable[str]) -> Iterable[str]:
    """Leave out lines that begin with #, unless they go on in a quoted field."""
    quoted = False
    for line in lines:
        if not quoted and line.startswith("#"):
            continue
        quoted ^= line.count('"') % 2 == 1
        yield line


def _check_delimiter(names: Sequence[str], delimiter: str, name: str) -> None:
    """Refuse a table of one column whose name holds another delimiter."""
    if len(names) > 1:
        return
    (header,) = names
    for other in _OTHERS:
        if other in header and other != delimiter:
            raise DataError(
                "delimiter",
                f"{name} has one column, {header[:80]!r}, where {delimiter!r} separates, but {other!r} is in it.",
                remedy=f"Set --delimiter {'tab' if other == chr(9) else repr(other)}, or rename the column.",
            )


def table_of_records(records: Sequence[Sequence[str]]) -> Table:
    """Return the table whose first record holds the names."""
    if not records:
        return Table.of((), 0)
    header, body = records[0], records[1:]
    names = _names(header, max(map(len, body), default=0))
    height = len(body)
    columns = []
    for at, name in enumerate(names):
        cells = [record[at] or None if at < len(record) else None for record in body]
        columns.append(Column.of(name, cells))
    return Table(tuple(columns), np.zeros(height, dtype=np.bool_), np.zeros(height, dtype=np.bool_))


def _names(header: Sequence[str], width: int) -> list[str]:
    names: list[str] = []
    for field in header:
        name = wanted = field.strip(_SPACES) or "Column"
        number = 2
        while name in names:
            name, number = f"{wanted}{number}", number + 1
        names.append(name)
    given = [field.strip(_SPACES) for field in header]
    clash = [name for at, name in enumerate(names) if name != given[at] and name in given]
    if clash:
        raise DataError(
            "duplicate_column",
            f"Names of columns must differ, but one is repeated and would become {clash[0]!r}, which is there too.",
            remedy="Rename one of the columns.",
        )
    for at in range(len(header), width):
        number = at + 1
        while f"Column {number}" in names:
            number += 1
        names.append(f"Column {number}")
    return names
