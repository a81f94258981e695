"""How a file of rows is written, judged from its first bytes: format, encoding, delimiter, quotes, header.

For design to propose, and for preparation to say what is wrong.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sevenfold.contracts.errors import DataError
from sevenfold.tables.csv_head import HEAD_CHARACTERS, read_head, records_of, separator_of
from sevenfold.tables.encoding import known_encoding, marked_encoding
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.file_format import HEAD_BYTES, read_format
from sevenfold.tables.packed import open_table
from sevenfold.tables.quoting import likely_style

__all__ = ["DELIMITERS", "Dialect", "decimal_sign", "find_delimiter", "find_style", "head_text", "name_key", "sniff"]

DELIMITERS: Final = (",", ";", "\t", "|")
_ZERO_WIDTH: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@dataclass(frozen=True)
class Dialect:
    """How a table file is to be read. For Parquet only `format` says something."""

    format: Literal["csv", "parquet"]
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    header: tuple[str, ...] = ()
    quote: str = '"'
    escape: str = ""
    skip_initial_space: bool = False

    @property
    def style(self) -> FieldStyle:
        """How the fields are written."""
        return FieldStyle(self.delimiter, self.quote, self.escape, self.skip_initial_space)


def sniff(path: Path, encoding: str = "") -> Dialect:
    """Return format, encoding, delimiter, quotes, decimal sign and header of a file, judged from its first MiB.

    Args:
        path: the file.
        encoding: what it is written in; empty takes the encoding of its byte order mark, or UTF-8.

    Raises:
        DataError: ``empty_file``, ``not_text``, ``not_csv``, ``unclosed_quote``, ``encoding``, ``delimiter``.
    """
    declared = known_encoding(encoding) if encoding else ""
    kind, head = read_format(path, wide=declared.startswith(("utf-16", "utf-32")))
    if kind == "parquet":
        return Dialect("parquet")
    encoding = encoding or marked_encoding(head)
    text = _text(head, encoding)
    if not text.strip("\r\n"):
        raise DataError("empty_file", "A table must have a header and rows, but the file holds only line ends.")
    style = find_style(text)
    names = read_head(text, style).names
    decimal = decimal_sign(text, style)
    return Dialect(
        "csv", encoding, style.delimiter, decimal, tuple(names), style.quote, style.escape, style.skip_initial_space
    )


def head_text(path: Path, encoding: str) -> str:
    """Return the beginning of a text file, `HEAD_CHARACTERS` at most, with signs for what is no text."""
    with open_table(path) as stream:
        return _text(stream.read(HEAD_BYTES), known_encoding(encoding))


def _text(head: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")[:HEAD_CHARACTERS]


def find_style(text: str) -> FieldStyle:
    """Return how the fields of a text are written.

    Excel's first line `sep=;` decides the delimiter. Quotes are RFC 4180's, unless only others read all records.
    """
    return likely_style(text, FieldStyle(separator_of(text) or find_delimiter(text)))[0]


def find_delimiter(text: str, *, records: int = 100) -> str:
    """Return the delimiter under which the first records have the most fields, equally many in each.

    A comma where no candidate splits anything, and where others split as well as a comma, one of them: commas stand in
    numbers and texts too.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in sorted(DELIMITERS, key=lambda candidate: candidate == ","):
        counts = [len(row) for row in records_of(text, FieldStyle(delimiter), records)]
        if not counts or counts[0] < 2:
            continue
        agreeing = Counter(counts)[counts[0]] / len(counts)
        if (score := (round(agreeing, 1), counts[0])) > best_score:
            best, best_score = delimiter, score
    return best


def decimal_sign(text: str, style: FieldStyle, *, records: int = 200) -> str:
    """Return ``,`` where fields such as 1,5 outnumber those such as 1.5, else ``.``."""
    if style.delimiter == ",":
        return "."
    fields = [field.strip() for row in records_of(text, style, records)[1:] for field in row]
    comma = sum(_is_number(field, ",") for field in fields)
    return "," if comma > sum(_is_number(field, ".") for field in fields) else "."


def name_key(name: str) -> str:
    """Return what two column names share when a person takes them for the same: NFKC, case, spaces, invisible signs."""
    visible = unicodedata.normalize("NFKC", name).translate(_ZERO_WIDTH)
    return " ".join(visible.casefold().split())


def _is_number(field: str, decimal: str) -> bool:
    whole, sign, part = field.lstrip("+-").partition(decimal)
    return bool(sign) and whole.isdecimal() and part.isdecimal()
