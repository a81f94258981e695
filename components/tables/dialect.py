"""What a file of rows is, judged from its bytes: format, encoding, delimiter, header.

For design to propose, and for preparation to say what is wrong.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sevenfold.contracts.errors import DataError

__all__ = [
    "DELIMITERS",
    "Dialect",
    "decimal_sign",
    "find_delimiter",
    "find_encoding",
    "header_of",
    "name_key",
    "sniff",
    "sniff_format",
]

DELIMITERS: Final = (",", ";", "\t", "|")
HEAD_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 22

PARQUET: Final = b"PAR1"
_PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip (also .xlsx and .ods)",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7-zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"ARROW1": "Arrow IPC",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
}
_WIDE_BOMS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ZERO_WIDTH: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@dataclass(frozen=True)
class Dialect:
    """How a table file is to be read. For Parquet only `format` says something."""

    format: Literal["csv", "parquet"]
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    header: tuple[str, ...] = ()


def sniff(path: Path) -> Dialect:
    """Tell format, encoding, delimiter, decimal sign and header of a file.

    Reads the first MiB, and all of it (in chunks) to tell UTF-8 from a one-byte encoding.

    Raises:
        DataError: ``empty_file``, ``not_text``, ``not_csv``, ``unclosed_quote``.
    """
    head = _head(path)
    encoding = find_encoding(path)
    kind = sniff_format(head, wide=encoding in ("utf-16", "utf-32"))
    if kind == "parquet":
        return Dialect("parquet")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).lstrip("\ufeff")
    if not text.strip("\r\n"):
        raise DataError("empty_file", "A table must have a header and rows, but the file holds only line ends.")
    delimiter = find_delimiter(text)
    return Dialect("csv", encoding, delimiter, decimal_sign(text, delimiter), tuple(header_of(text, delimiter)))


def sniff_format(head: bytes, *, wide: bool = False) -> Literal["csv", "parquet"]:
    """Tell CSV from Parquet by the first bytes of a file.

    Args:
        head: the first bytes, at least some hundred where the file has them.
        wide: the text has two or four bytes per character, so NUL bytes are no sign of a binary file.

    Raises:
        DataError: ``empty_file``; ``not_text`` for packed or binary files; ``not_csv`` for HTML, XML and JSON.
    """
    if not head:
        raise DataError("empty_file", "A table must have a header and rows, but the file has 0 bytes.")
    if head.startswith(PARQUET):
        return "parquet"
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise DataError("not_text", f"A table is plain CSV or Parquet, but this is {name}.", remedy="Unpack it.")
    wide = wide or any(head.startswith(bom) for bom in _WIDE_BOMS)
    if not wide and b"\0" in head:
        at = head.index(b"\0")
        raise DataError(
            "not_text",
            f"A CSV must be text, but byte {at} is NUL.",
            remedy="Export it again as CSV, or set `data.encoding` if it is UTF-16.",
        )
    start = head.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")[:512].lower()
    markup = start.startswith((b"<!", b"<?xml", b"<html", b"<error", b"<head", b"<body", b"<table", b"<rss", b"<svg"))
    if markup or (start.startswith(b"<") and b">" in start.split(b"\n", 1)[0]):
        raise DataError(
            "not_csv",
            "A table is CSV or Parquet, but this is an HTML or XML page.",
            remedy="Often it is an error page: open the address in a browser and see.",
        )
    if start.startswith((b'{"', b'[{"', b"[[", b"[{")) or start.replace(b" ", b"").replace(b"\n", b"").startswith(
        (b'{"', b'[{"')
    ):
        raise DataError("not_csv", "A table is CSV or Parquet, but this is JSON.", remedy="Convert it to CSV.")
    return "csv"


def find_encoding(path: Path) -> str:
    """Return ``utf-8``, ``utf-16``, ``utf-32`` or, for bytes that are none of these, ``cp1252`` or ``latin-1``.

    A UTF-8 byte order mark does not count: it is always skipped.
    """
    head = _head(path, 4)
    for bom, name in _WIDE_BOMS.items():
        if head.startswith(bom):
            return name
    utf8, windows = codecs.getincrementaldecoder("utf-8")(), True
    valid = True
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            if valid:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
            # five bytes have no meaning in cp1252; what uses them is latin-1 or no text at all
            windows = windows and not any(byte in chunk for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    if valid and not utf8.getstate()[0]:
        return "utf-8"
    return "cp1252" if windows else "latin-1"


def find_delimiter(text: str, *, records: int = 100) -> str:
    """Return the delimiter under which the first records have the most fields, equally many in each.

    A comma where no candidate splits anything.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        counts = [len(row) for row in _records(text, delimiter, records)]
        if not counts or counts[0] < 2:
            continue
        agreeing = Counter(counts)[counts[0]] / len(counts)
        if (score := (round(agreeing, 1), counts[0])) > best_score:
            best, best_score = delimiter, score
    return best


def decimal_sign(text: str, delimiter: str, *, records: int = 200) -> str:
    """Return ``,`` where fields such as 1,5 outnumber those such as 1.5, else ``.``."""
    if delimiter == ",":
        return "."
    fields = [field.strip() for row in _records(text, delimiter, records)[1:] for field in row]
    comma = sum(_is_number(field, ",") for field in fields)
    return "," if comma > sum(_is_number(field, ".") for field in fields) else "."


def header_of(text: str, delimiter: str) -> list[str]:
    """Return the first record's fields, trimmed; leading blank lines do not count.

    Raises:
        DataError: ``unclosed_quote``.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                return [name.strip() for name in row]
    except csv.Error as error:
        raise DataError(
            "unclosed_quote",
            f"The header's quotes must be closed, but got: {error}. unclosed_quote 1:1",
            remedy="Close the quote, or double it where it is meant as a character.",
        ) from None
    return []


def name_key(name: str) -> str:
    """Return what two column names share when a person takes them for the same: NFKC, case, spaces, invisible signs."""
    visible = unicodedata.normalize("NFKC", name).translate(_ZERO_WIDTH)
    return " ".join(visible.casefold().split())


def _head(path: Path, size: int = HEAD_BYTES) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)


def _records(text: str, delimiter: str, count: int) -> list[list[str]]:
    records: list[list[str]] = []
    whole = text if len(text) < HEAD_BYTES // 2 else text[: text.rfind("\n") + 1] or text
    try:
        for row in csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter):
            if row:
                records.append(row)
            if len(records) == count:
                break
    except csv.Error:
        pass
    return records


def _is_number(field: str, decimal: str) -> bool:
    whole, sign, part = field.lstrip("+-").partition(decimal)
    return bool(sign) and whole.isdecimal() and part.isdecimal()
