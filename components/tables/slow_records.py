"""Records of a CSV read by the standard library, one by one: slower, and right wherever a quote stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.tables.records import (
    MAX_FIELD_BYTES,
    Layout,
    Records,
    Refusal,
    field_too_large,
    header_changed,
    is_text,
    ragged_row,
    repeated_header,
    unclosed_quote,
    undecodable,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_LINE_CHARACTERS", "read_slowly"]

MAX_LINE_CHARACTERS: Final = 1 << 24
BATCH_RECORDS: Final = 20_000


def read_slowly(chunks: Iterator[bytes], layout: Layout, *, first_line: int) -> Iterator[Records]:
    """Yield the records of a CSV body as `read_records` does, from `first_line` on.

    A record with a stray quote is refused as ``stray_quote``.

    Raises:
        DataError: ``unclosed_quote``, ``field_too_large``, ``header_changed``.
    """
    reader = layout.style.reader(_lines(chunks, first_line, layout.source))
    limit = csv.field_size_limit(MAX_FIELD_BYTES)
    try:
        yield from _batches(reader, layout, first_line)
    finally:
        csv.field_size_limit(limit)


def _batches(reader: Any, layout: Layout, first_line: int) -> Iterator[Records]:
    names, source = layout.names, layout.source
    rows: list[list[str]] = []
    lines: list[int] = []
    refusals: list[Refusal] = []
    while True:
        start = first_line + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            refusals.append(_refused_quote(error, start, first_line + reader.line_num - start, source))
            continue
        if row is None:
            break
        if refusal := _refused_record(row, start, layout):
            refusals.append(refusal)
        elif row:
            _check_sizes(row, start, source)
            rows.append(row[: len(names)])
            lines.append(start)
        if len(rows) == BATCH_RECORDS:
            yield _batch(rows, lines, names, refusals)
            rows, lines, refusals = [], [], []
    if rows or refusals:
        yield _batch(rows, lines, names, refusals)


def _refused_record(row: list[str], line: int, layout: Layout) -> Refusal | None:
    if not row:
        return None
    if layout.is_header(row):
        return repeated_header(line)
    if layout.is_reordered_header(row):
        raise header_changed(layout.source, line)
    if not is_text(row):
        return undecodable(line, row, layout.names)
    if len(row) != layout.width or (layout.trailing and row[-1].strip()):
        return ragged_row(line, len(row), layout.width)
    return None


def _batch(rows: list[list[str]], lines: list[int], names: list[str], refusals: list[Refusal]) -> Records:
    def texts() -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    return Records(np.array(lines, dtype=np.int64), texts, refusals=refusals)


def _refused_quote(error: csv.Error, start: int, span: int, source: str) -> Refusal:
    message = str(error)
    if "field limit" in message or "field larger" in message:
        raise field_too_large(source, start, 0) from None
    # over several lines it is one quote that ate the rows after it; refusing it as one row would lose the others
    if span > 1 or "end of data" in message:
        raise unclosed_quote(source, start) from None
    return Refusal(start, "", "stray_quote", None)


def _check_sizes(row: list[str], line: int, source: str) -> None:
    for index, text in enumerate(row):
        if len(text) * 4 > MAX_FIELD_BYTES and len(text.encode()) > MAX_FIELD_BYTES:
            raise field_too_large(source, line, index + 1)


def _lines(chunks: Iterator[bytes], first_line: int, source: str) -> Iterator[str]:
    stream = io.TextIOWrapper(
        io.BufferedReader(_ChunkStream(chunks)), encoding="utf-8", errors="surrogateescape", newline=""
    )
    number = first_line
    while line := stream.readline(MAX_LINE_CHARACTERS):
        if len(line) == MAX_LINE_CHARACTERS and line[-1] not in "\r\n":
            raise field_too_large(source, number, 0)
        number += 1
        yield line


class _ChunkStream(io.RawIOBase):
    """A stream over an iterator of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
