"""Records of a CSV: well-formed ones as a frame of texts, the others as refusals, chunk by chunk.

The structure (lines, quotes, fields) is checked on the bytes with numpy before Polars reads them, so that no field is
filled in or cut off silently. From the first byte on where quotes stand in unusual places, the standard library's
reader takes over, which is slower and knows every case.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_FIELD_BYTES", "Records", "Refusal", "read_records"]

MAX_FIELD_BYTES: Final = 1 << 20
MAX_LINE_CHARACTERS: Final = 1 << 24
SLOW_RECORDS: Final = 20_000
QUOTE, LF, CR = 34, 10, 13


@dataclass(frozen=True)
class Refusal:
    """A record that cannot be used: the line it starts at, the column where one is at fault, why, and what it was."""

    line: int
    column: str
    code: str
    value: str | None = None


@dataclass(frozen=True)
class Records:
    """Some records: `lines` int64 of shape ``[n]``, `refusals` of those that have no row in the frame.

    `texts` returns the ``[n]`` rows as texts, "" for empty fields. `typed` returns them read by another schema, or None
    where a value does not fit it; null is an empty field there.
    """

    lines: NDArray[np.int64]
    texts: Callable[[], pl.DataFrame]
    typed: Callable[[dict[str, Any], tuple[str, ...]], pl.DataFrame | None]
    refusals: list[Refusal] = field(default_factory=list)


def read_records(
    chunks: Iterable[bytes], names: list[str], delimiter: str, *, first_line: int, source: str
) -> Iterator[Records]:
    """Yield the records of a UTF-8 CSV body.

    Args:
        chunks: the bytes after the header, in pieces of any size.
        names: the columns, in order.
        delimiter: one ASCII character.
        first_line: the line number of the first byte.
        source: what the file is called in errors.

    Raises:
        DataError: ``unclosed_quote``, ``field_too_large``.
    """
    stream = iter(chunks)
    rest, line, final = b"", first_line, False
    while not final:
        chunk = next(stream, None)
        final = chunk is None
        buffer = rest + (chunk or b"")
        if final and buffer and not buffer.endswith((b"\n", b"\r")):
            buffer += b"\n"
        hold = not final and buffer.endswith(b"\r")  # its line feed may come with the next chunk
        try:
            body = _line_feeds(buffer[:-1] if hold else buffer)
            cut = _cut(body, ord(delimiter), len(names), line, source)
        except _UnusualQuotes:
            yield from _slowly(_chain(buffer, stream), names, delimiter, line, source)
            return
        rest = body[cut.end :] + (b"\r" if hold else b"")
        if len(rest) > MAX_LINE_CHARACTERS:
            _refuse_long(rest, stream, line + cut.line_count, source)
        if final and rest.strip(b"\n"):
            raise _unclosed(source, line + cut.line_count)
        yield _checked(cut, body, names, delimiter)
        line += cut.line_count


class _UnusualQuotes(Exception):
    """Quotes stand where RFC 4180 has none; only a reader of every character can tell what they mean."""


@dataclass(frozen=True)
class _Cut:
    end: int  # bytes up to the last complete record
    line_count: int  # line feeds up to there
    starts: NDArray[np.int64]  # of every record, offsets
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    good: NDArray[np.bool_]
    refusals: list[Refusal]
    quoted: bool


def _line_feeds(buffer: bytes) -> bytes:
    if b"\r" not in buffer:
        return buffer
    if b'"' in buffer:
        bytes_ = np.frombuffer(buffer, dtype=np.uint8)
        quotes, returns = np.flatnonzero(bytes_ == QUOTE), np.flatnonzero(bytes_ == CR)
        if (np.searchsorted(quotes, returns) & 1).any():
            raise _UnusualQuotes  # a line end inside a field must stay as it is
    return buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _cut(body: bytes, delimiter: int, width: int, line: int, source: str) -> _Cut:
    bytes_ = np.frombuffer(body, dtype=np.uint8)
    quoted = b'"' in body
    mask = (bytes_ == delimiter) | (bytes_ == LF)
    if quoted:
        mask |= bytes_ == QUOTE
    places = np.flatnonzero(mask)
    kinds = bytes_[places]
    if quoted:
        inside = np.logical_xor.accumulate(kinds == QUOTE)
        outer = ~inside & (kinds != QUOTE)
        separators, kinds_outside = places[outer], kinds[outer]
    else:
        inside, separators, kinds_outside = np.zeros(0, dtype=bool), places, kinds
    order = np.flatnonzero(kinds_outside == LF)
    ends = separators[order]
    end = int(ends[-1]) + 1 if len(ends) else 0
    if quoted:
        _check_quotes(bytes_, places, kinds, inside, delimiter)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    fields = np.diff(order, prepend=-1)
    line_feeds = places[(kinds == LF) & (places < end)] if quoted else ends
    lines = line + (np.searchsorted(line_feeds, starts) if quoted else np.arange(len(ends)))
    lengths = ends - starts
    if len(lengths) and lengths.max() > MAX_FIELD_BYTES:
        _check_fields(separators, ends, lengths, lines, source)
    good = fields == width
    blank = lengths == 0
    refused = np.flatnonzero(~good & ~blank)
    refusals = [
        Refusal(int(lines[at]), "", "ragged_row", f"{int(fields[at])} fields instead of {width}") for at in refused
    ]
    return _Cut(end, len(line_feeds), starts, ends, lines, good & ~blank, refusals, quoted)


def _check_quotes(
    bytes_: NDArray[np.uint8],
    places: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    delimiter: int,
) -> None:
    is_quote = kinds == QUOTE
    opening = places[is_quote & inside]
    closing = places[is_quote & ~inside]
    before = np.where(opening > 0, bytes_[np.maximum(opening - 1, 0)], LF)
    closing = closing[closing + 1 < len(bytes_)]  # what follows the last byte comes with the next chunk
    after = bytes_[closing + 1]
    ends_well = (after == delimiter) | (after == LF) | (after == QUOTE)
    # a doubled quote opens again right after one that closed
    starts_well = (before == delimiter) | (before == LF) | ((before == QUOTE) & np.isin(opening - 1, closing))
    if not (starts_well.all() and ends_well.all()):
        raise _UnusualQuotes


def _check_fields(
    separators: NDArray[np.int64],
    ends: NDArray[np.int64],
    lengths: NDArray[np.int64],
    lines: NDArray[np.int64],
    source: str,
) -> None:
    for at in np.flatnonzero(lengths > MAX_FIELD_BYTES):
        start, stop = ends[at] - lengths[at], ends[at]
        within = separators[(separators >= start) & (separators <= stop)]
        sizes = np.diff(within, prepend=start - 1) - 1
        if sizes.max() > MAX_FIELD_BYTES:
            raise _too_large(source, int(lines[at]), int(np.argmax(sizes)) + 1)


def _checked(cut: _Cut, body: bytes, names: list[str], delimiter: str) -> Records:
    lines = cut.lines[cut.good]
    kept = body[: cut.end] if len(lines) == len(cut.good) else _without(cut, body)

    def read(schema: dict[str, Any], nulls: tuple[str, ...] = (), *, empty_is_null: bool = False) -> pl.DataFrame:
        import polars as pl

        if not kept:
            return pl.DataFrame(schema=schema)
        return pl.read_csv(
            kept,
            has_header=False,
            schema=schema,
            separator=delimiter,
            quote_char='"' if cut.quoted else None,
            empty_string_is_null=empty_is_null,
            null_values=list(nulls) or None,
        )

    def texts() -> pl.DataFrame:
        import polars as pl

        frame = read(dict.fromkeys(names, pl.String))
        if frame.height == len(lines):
            return frame
        rows = list(csv.reader(io.StringIO(kept.decode(), newline=""), delimiter=delimiter))
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    def typed(schema: dict[str, Any], nulls: tuple[str, ...]) -> pl.DataFrame | None:
        import polars as pl

        try:
            frame = read(schema, nulls, empty_is_null=True)
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
            return None
        return frame if frame.height == len(lines) else None

    return Records(lines, texts, typed, cut.refusals)


def _without(cut: _Cut, body: bytes) -> bytes:
    """Return the good records' bytes, copied in as few pieces as there are gaps."""
    places = np.flatnonzero(cut.good)
    if not len(places):
        return b""
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts = places[np.concatenate(([0], breaks + 1))]
    lasts = places[np.concatenate((breaks, [len(places) - 1]))]
    return b"".join(body[cut.starts[a] : cut.ends[b] + 1] for a, b in zip(firsts, lasts, strict=True))


def _refuse_long(rest: bytes, stream: Iterator[bytes], line: int, source: str) -> None:
    """Tell a field that is too large from a quote that nobody closes, for a record that goes on and on."""
    if rest.count(b'"') % 2 and not any(b'"' in chunk for chunk in stream):
        raise _unclosed(source, line)
    raise _too_large(source, line, 0)


def _slowly(
    chunks: Iterator[bytes], names: list[str], delimiter: str, first_line: int, source: str
) -> Iterator[Records]:
    reader = csv.reader(_lines(chunks, first_line, source), delimiter=delimiter, strict=True)
    limit = csv.field_size_limit(MAX_FIELD_BYTES)
    try:
        yield from _rows(reader, names, first_line, source)
    finally:
        csv.field_size_limit(limit)


def _rows(reader: Any, names: list[str], first_line: int, source: str) -> Iterator[Records]:
    rows: list[list[str]] = []
    lines: list[int] = []
    refusals: list[Refusal] = []
    while True:
        start = first_line + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            _refuse_quotes(error, start, first_line + reader.line_num - start, source, refusals)
            continue
        if row is None:
            break
        if len(row) == len(names):
            _check_row(row, start, source)
            rows.append(row)
            lines.append(start)
        elif row:
            refusals.append(Refusal(start, "", "ragged_row", f"{len(row)} fields instead of {len(names)}"))
        if len(rows) == SLOW_RECORDS:
            yield _from_rows(rows, lines, names, refusals)
            rows, lines, refusals = [], [], []
    if rows or refusals:
        yield _from_rows(rows, lines, names, refusals)


def _refuse_quotes(error: csv.Error, start: int, span: int, source: str, refusals: list[Refusal]) -> None:
    said = str(error)
    if "field limit" in said or "field larger" in said:
        raise _too_large(source, start, 0) from None
    # over several lines it is one quote that ate the rows after it; refusing it as one row would lose the others
    if span > 1 or "end of data" in said:
        raise _unclosed(source, start) from None
    refusals.append(Refusal(start, "", "stray_quote", None))


def _check_row(row: list[str], line: int, source: str) -> None:
    for at, text in enumerate(row):
        if len(text) * 4 > MAX_FIELD_BYTES and len(text.encode()) > MAX_FIELD_BYTES:
            raise _too_large(source, line, at + 1)


def _from_rows(rows: list[list[str]], lines: list[int], names: list[str], refusals: list[Refusal]) -> Records:
    def texts() -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    def typed(_schema: dict[str, Any], _nulls: tuple[str, ...]) -> None:
        return None

    return Records(np.array(lines, dtype=np.int64), texts, typed, refusals)


def _lines(chunks: Iterator[bytes], first_line: int, source: str) -> Iterator[str]:
    stream = io.TextIOWrapper(io.BufferedReader(_Chunks(chunks)), encoding="utf-8", newline="")
    number = first_line
    while line := stream.readline(MAX_LINE_CHARACTERS):
        if len(line) == MAX_LINE_CHARACTERS and line[-1] not in "\r\n":
            raise _too_large(source, number, 0)
        number += 1
        yield line


class _Chunks(io.RawIOBase):
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


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unclosed(source: str, line: int) -> DataError:
    return DataError(
        "unclosed_quote",
        f"Every quote must be closed, but the one opened in {source}:{line} is not. unclosed_quote {source}:{line}:1",
        remedy="Close it, or double it where it is meant as a character.",
    )


def _too_large(source: str, line: int, column: int) -> DataError:
    return DataError(
        "field_too_large",
        f"A field may have at most {MAX_FIELD_BYTES} bytes, but {source}:{line} has a longer one. "
        f"field_too_large {source}:{line}:{column or 1}",
        remedy="Remove the column from the export, or see whether a quote is missing.",
    )
