"""The head of a CSV: the header's names, and what the first records say about how all of them are written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sevenfold.contracts.errors import DataError
from sevenfold.tables.field_style import FieldStyle

__all__ = ["HEAD_CHARACTERS", "CsvHead", "header_of", "read_head", "records_of", "separator_of"]

HEAD_CHARACTERS: Final = 1 << 20
RECORDS: Final = 100
FILLED: Final = 0.02  # of the records: so many may have something after the last delimiter, and are bad rows
# Excel reads and writes such a first line
_SEPARATOR_LINE: Final = re.compile(
    r'(?:[ \t]*[\r\n]+)*"?sep=([\t !#-/:-@\[-^`{-~])"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE
)


@dataclass(frozen=True)
class CsvHead:
    """What comes before the records, and whether each of them ends in one more delimiter.

    `names` are trimmed. `characters` and `lines` are what blank lines, Excel's line and the header take. `separator` is
    the sign that Excel's first line `sep=;` names, "" where there is no such line.
    """

    names: list[str]
    characters: int
    lines: int
    separator: str = ""
    trailing: bool = False


def read_head(text: str, style: FieldStyle) -> CsvHead:
    """Read the first record as the header; blank lines before it do not count, nor does Excel's line `sep=;`.

    Args:
        text: the beginning of the file, cut to `HEAD_CHARACTERS`.
        style: how its fields are written.

    Raises:
        DataError: ``unclosed_quote``; ``delimiter`` where two signs stand between the fields.
    """
    before = _SEPARATOR_LINE.match(text)
    start = before.end() if before else 0
    used, number = start, len(text[:start].splitlines())

    def lines() -> Iterator[str]:
        nonlocal used
        for line in io.StringIO(text[start:], newline=""):
            used += len(line)
            yield line

    reader = style.reader(lines())
    try:
        names = next(([name.strip() for name in row] for row in reader if row), [])
    except csv.Error as error:
        raise DataError(
            "unclosed_quote",
            f"The header's quotes must be closed, but got: {error}. unclosed_quote 1:1",
            remedy="Close the quote, or double it where it is meant as a character.",
        ) from None
    number += reader.line_num
    records = records_of(text[used:], style, RECORDS)
    _refuse_doubled(names, records, style.delimiter)
    trailing = _ends_in_delimiter(names, records)
    if trailing and not names[-1]:
        names.pop()
    return CsvHead(names, used, number, before[1] if before else "", trailing)


def separator_of(text: str) -> str:
    """Return the sign that Excel's first line `sep=;` names, "" where there is no such line."""
    line = _SEPARATOR_LINE.match(text)
    return line[1] if line else ""


def header_of(text: str, style: FieldStyle) -> list[str]:
    """Return the names that `read_head` reads.

    Raises:
        DataError: as `read_head`.
    """
    return read_head(text, style).names


def records_of(text: str, style: FieldStyle, count: int) -> list[list[str]]:
    """Return at most `count` records of a text; a stray quote is a sign like another, and a cut record is left out."""
    cut = len(text) >= HEAD_CHARACTERS // 2
    whole = text[: text.rfind("\n") + 1] or text if cut else text
    records: list[list[str]] = []
    try:
        for row in style.reader(io.StringIO(whole, newline=""), strict=False):
            if row:
                records.append(row)
            if len(records) == count:
                break
    except csv.Error:
        pass
    return records


def _refuse_doubled(names: list[str], records: list[list[str]], delimiter: str) -> None:
    """Refuse a file whose every second field is empty, the header's too: its delimiter is two signs."""
    if len(names) < 3 or not len(names) % 2 or any(names[1::2]) or not all(names[::2]):
        return
    if records and not any("".join(row[1::2]).strip() for row in records):
        raise DataError(
            "delimiter",
            f"Fields must be separated by one sign, but here by two: {delimiter * 2!r}. delimiter 1:1",
            remedy=f"Replace {delimiter * 2!r} by {delimiter!r} in the file.",
        )


def _ends_in_delimiter(names: list[str], records: list[list[str]]) -> bool:
    """Whether every record ends in an empty field that has no name, the header with or without one."""
    named = len(names) - (len(names) > 1 and not names[-1])
    longer = [row for row in records if len(row) == named + 1]
    filled = sum(bool(row[-1].strip()) for row in longer)
    if not longer or filled > FILLED * len(longer) or 2 * len(longer) < len(records):
        return False
    known = [*names[:named]]
    return named < len(names) or all(len(row) != named or [name.strip() for name in row] == known for row in records)
