"""Write a table as OpenRefine's CSV exporter does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from sevenfold.refine.table import Table
from sevenfold.refine.values import text_of

__all__ = ["csv_lines", "exported_text"]

_SPACES: Final = "".join(map(chr, range(33)))
_MISREAD: Final = re.compile('[,"\n\r]')


def exported_text(value: Any) -> str:
    """Return the text of a cell in an exported file: a date in UTC, anything else as it is shown."""
    if not isinstance(value, datetime):
        return text_of(value)
    moment = value.astimezone(UTC)
    fraction = "" if not moment.microsecond else f".{moment.microsecond:06d}".removesuffix("000")
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}Z"


def _field(text: str, *, first: bool) -> str:
    """Return a field: trimmed, and in quotes where something in it could be misread."""
    comment = first and text.startswith("#")
    text = text.lstrip(_SPACES)
    quoted = comment or _MISREAD.search(text) is not None
    text = text.rstrip(_SPACES)
    return '"' + text.replace('"', '""') + '"' if quoted else text


def _exported(value: Any, decimal: str, *, first: bool) -> str:
    """Return the field of a cell; that of a number with a point needs no look at its letters."""
    if value.__class__ is float and decimal != ".":
        return _field(text_of(value).replace(".", decimal), first=first)
    return text_of(value) if value.__class__ in (float, int) else _field(exported_text(value), first=first)


def csv_lines(table: Table, decimal: str = ".", chunk: int = 100_000, *, header: bool = True) -> Iterator[str]:
    """Yield the text of a CSV file in pieces, without its `header` where the table goes on another one.

    Rows whose cells are all null are left out, and so are the empty lines of a table with one column, its header
    included. Texts lose the spaces and control characters around them. Doubles have `decimal` for their point.
    """
    if not table.columns:
        return
    names = ",".join(_field(name, first=not at) for at, name in enumerate(table.names))
    if header and names:
        yield names + "\n"
    filled = np.zeros(table.height, dtype=np.bool_)
    fields = []
    for at, column in enumerate(table.columns):
        filled |= ~column.null()
        fields.append(np.array([_exported(value, decimal, first=not at) for value in column.values], dtype=object))
    rows = np.flatnonzero(filled)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        cells = [each[column.codes[part]].tolist() for each, column in zip(fields, table.columns, strict=True)]
        lines = map(",".join, zip(*cells, strict=True))
        yield "".join(line + "\n" for line in lines if line)
