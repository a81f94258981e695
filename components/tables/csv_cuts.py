"""Where a CSV can be cut between two records, without reading any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sevenfold.tables import encoding

__all__ = ["Cut", "csv_cuts"]


@dataclass(frozen=True)
class Cut:
    """A place between two records: its offset in bytes, and the number of the line that starts there."""

    offset: int
    line: int


def csv_cuts(stream: BinaryIO, start: int, line: int, chunks: int) -> Iterator[Cut]:
    """Yield the places at which the reader of a whole file ends a batch, one of every `chunks` or more.

    They are right as long as all quotes stand where RFC 4180 has them. Where quotes or line ends leave none, none is
    given.

    Args:
        stream: the file; it is read to its end.
        start: offset of the first record.
        line: its line number.
        chunks: how many chunks of `encoding.CHUNK_BYTES` lie between two places, at least.
    """
    stream.seek(start)
    at, open_quote, waiting, half = start, False, 0, False
    lines, pending = line, 0  # line ends before the last place, and since
    while chunk := stream.read(encoding.CHUNK_BYTES - at % encoding.CHUNK_BYTES):
        pending -= half and chunk.startswith(b"\n")  # one line end in two chunks
        half = chunk.endswith(b"\r")
        waiting += 1
        end = _last_end(chunk, open_quote) if waiting >= chunks else 0
        if end:
            lines += pending + _line_ends(chunk[:end])
            pending = _line_ends(chunk[end:])
            yield Cut(at + end, lines)
            waiting = 0
        else:
            pending += _line_ends(chunk)
        open_quote ^= bool(chunk.count(b'"') % 2)
        at += len(chunk)


def _last_end(chunk: bytes, open_quote: bool) -> int:
    """Return the offset after the last line feed that no quote encloses, 0 where there is none."""
    end = chunk.rfind(b"\n") + 1
    enclosed = bool(chunk.count(b'"', 0, end) % 2) ^ open_quote
    while end and enclosed:
        before = max(chunk.rfind(b"\n", 0, end - 1), chunk.rfind(b"\r", 0, end - 1)) + 1
        enclosed ^= bool(chunk.count(b'"', before, end) % 2)
        end = before
    return end


def _line_ends(chunk: bytes) -> int:
    """Return how many lines end in a chunk; one may end in two bytes, which no place lies between."""
    if b"\r" not in chunk:
        return chunk.count(b"\n")
    return chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
