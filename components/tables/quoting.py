"""How quotes are written in a CSV, judged from its first records: as RFC 4180 has them, or in a usual other way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sevenfold.contracts.errors import DataError
from sevenfold.tables.csv_head import HEAD_CHARACTERS, read_head
from sevenfold.tables.field_style import FieldStyle

__all__ = ["BROKEN", "clean_share", "likely_style", "strict_records"]

CLEAN: Final = 0.999
BROKEN: Final = 0.01  # of the records: below, they are bad rows of a file that is written as declared
WRAPPED: Final = 0.5
RECORDS: Final = 5_000
# what the plan would declare, what a file written so does, and the sign that it is there at all
_STYLES: Final[tuple[tuple[dict[str, Any], str, str], ...]] = (
    ({"escape": "\\"}, "a quote inside quotes has a backslash before it", r'\\"'),
    ({"skip_initial_space": True}, "a space stands before quotes", r'{delimiter} +"'),
    ({"quote": "'"}, "single quotes stand around fields", r"(?:^|{delimiter})'"),
    ({"quote": "'", "escape": "\\"}, "single quotes stand around fields, backslashes before quotes", r"\\'"),
    ({"quote": "'", "skip_initial_space": True}, "a space and single quotes stand around fields", r"{delimiter} +'"),
    ({"escape": "\\", "skip_initial_space": True}, "a space stands before quotes, a backslash inside", r'\\"'),
)


def likely_style(text: str, style: FieldStyle) -> tuple[FieldStyle, str]:
    """Return the style under which all records of a text are clean where they are not under `style`, and what it is.

    `style` itself and "" where at most 1 % of the records are broken, or where no other style mends them.
    """
    if 1 - clean_share(text, style) <= BROKEN and not _wrapped(text, style):
        return style, ""
    for changes, what, sign in _STYLES:
        other = replace(style, **changes)
        present = re.search(sign.format(delimiter=re.escape(style.delimiter)), text, re.MULTILINE)
        if present and clean_share(text, other) >= CLEAN and not _wrapped(text, other):
            return other, what
    return style, ""


def clean_share(text: str, style: FieldStyle) -> float:
    """Return the share of the records that have the header's fields and no stray quote; 0 where nothing can be read."""
    try:
        head = read_head(text, style)
    except DataError:
        return 0.0
    width = len(head.names) + head.trailing
    rows = list(strict_records(text[head.characters :], style))
    return sum(row is not None and len(row) == width for row in rows) / len(rows) if rows else 1.0


def strict_records(text: str, style: FieldStyle) -> Iterator[list[str] | None]:
    """Yield the first records of a text, None for one with a stray quote."""
    whole = text[: text.rfind("\n") + 1] or text if len(text) >= HEAD_CHARACTERS // 2 else text
    reader = style.reader(io.StringIO(whole, newline=""))
    for _ in range(RECORDS):
        try:
            row = next(reader, None)
        except csv.Error:
            yield None
            continue
        if row is None:
            return
        if row:
            yield row


def _wrapped(text: str, style: FieldStyle) -> bool:
    """Whether most records have a field that still stands in quotes: those of another style."""
    rows = [row for row in strict_records(text, style) if row]
    wrapped = sum(any(_in_quotes(field.strip()) for field in row) for row in rows)
    return bool(rows) and wrapped > WRAPPED * len(rows)


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] and field[0] in "\"'"
