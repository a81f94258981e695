"""Which format a file has, by its first bytes."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final, Literal

from sevenfold.contracts.errors import DataError
from sevenfold.tables.encoding import WIDE_MARKS
from sevenfold.tables.packed import open_table, packing_of

__all__ = ["HEAD_BYTES", "read_format", "sniff_format"]

HEAD_BYTES: Final = 1 << 20
PARQUET: Final = b"PAR1"
WIDE: Final = 0.9  # share of the NUL bytes that lie on one side of UTF-16's pairs; a quarter of all bytes at the least
_NAME_GOES_ON: Final = re.compile(rb"[0-9A-Za-z_.,;|\t\"]")
_UNPACK: Final = "Unpack it."
_SAVE: Final = "Save its table as CSV."
_WRITE: Final = "Write its table as CSV or Parquet."
_BINARY: Final = {  # first bytes: what has them, and the remedy
    b"PK\x03\x04": ("zip (also .xlsx and .ods)", "Unpack it; save a workbook's sheet as CSV."),
    b"PK\x05\x06": ("an empty zip", "Export the table again as CSV."),
    b"BZh": ("bzip2", _UNPACK),
    b"\xfd7zXZ\x00": ("xz", _UNPACK),
    b"\x04\x22\x4d\x18": ("lz4", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("7-zip", _UNPACK),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save its sheet as CSV."),
    b"%PDF": ("PDF", _SAVE),
    b"\x89PNG": ("PNG", _SAVE),
    b"\xff\xd8\xff": ("JPEG", _SAVE),
    b"ARROW1": ("Arrow IPC", _WRITE),
    b"Obj\x01": ("Avro", _WRITE),
    b"ORC": ("ORC", _WRITE),
    b"\x89HDF": ("HDF5", _WRITE),
    b"SQLite format 3": ("SQLite", _WRITE),
}


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
    if _is_parquet(head):
        return "parquet"
    if packing := packing_of(head):
        raise DataError(
            "not_text", f"A table may be packed once, but this is {packing} in gzip or zstd.", remedy="Unpack it."
        )
    for magic, (name, remedy) in _BINARY.items():
        # a header may begin with a word such as ORC; what is not text has NUL bytes soon
        if head.startswith(magic) and (b"\0" in head or not magic.replace(b" ", b"").isalnum()):
            raise DataError("not_text", f"A table is plain CSV or Parquet, but this is {name}.", remedy=remedy)
    wide = wide or any(head.startswith(mark) for mark in WIDE_MARKS)
    if not wide and b"\0" in head:
        at = head.index(b"\0")
        raise DataError(
            "not_text",
            f"A CSV must be text, but byte {at} is NUL.",
            remedy=_remedy_of_nul(head),
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


def _remedy_of_nul(head: bytes) -> str:
    """Return what to do about NUL bytes: in UTF-16 without a mark, every second byte of ASCII is one."""
    halves = {"utf-16-le": head[1::2].count(0), "utf-16-be": head[::2].count(0)}
    likely = max(halves, key=lambda name: halves[name])
    if halves[likely] < WIDE * sum(halves.values()) or halves[likely] < len(head) / 4:
        return "Export it again as CSV."
    return (
        "Save it as UTF-8, or name its encoding: with `--encoding`, or as `data.encoding` in a plan; it is likely "
        f"{likely}, but only its writer knows."
    )


def _is_parquet(head: bytes) -> bool:
    """Whether the first bytes are Parquet's, and not a header that begins with PAR1."""
    rest = head[len(PARQUET) :]
    return head.startswith(PARQUET) and not (_NAME_GOES_ON.match(rest) and b"\0" not in head)


def read_format(path: Path, *, wide: bool = False) -> tuple[Literal["csv", "parquet"], bytes]:
    """Return the format of a file and its first MiB, unpacked.

    Raises:
        DataError: what `sniff_format` and `open_table` raise; ``not_text`` for packed Parquet.
    """
    with open_table(path) as stream:
        head = stream.read(HEAD_BYTES)
    kind = sniff_format(head, wide=wide)
    if kind == "parquet":
        with path.open("rb") as plain:
            if packing := packing_of(plain.read(4)):
                raise DataError(
                    "not_text",
                    f"Parquet packs its values itself, but {path.name} is Parquet in {packing}.",
                    remedy="Unpack it.",
                )
    return kind, head
