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


def csv_cuts(stream: BinaryIO, start: int, line: int, pieces: int) -> Iterator[Cut]:
    """Yield places between two records at which the reader of a whole file ends a piece, one of every `pieces` or more.

    They are right as long as all quotes stand where RFC 4180 has them. Where quotes or line ends leave none, none is
    given.

    Args:
        stream: the file; it is read to its end.
        start: offset of the first record.
        line: its line number.
        pieces: how many pieces of some `encoding.CHUNK_BYTES` lie between two places, at least.
    """
    at, piece, waiting, open_quote, half = start, 0, 0, False, False
    while True:
        end = encoding.piece_end(stream, piece, encoding.CHUNK_BYTES)
        piece = end
        if end <= at:  # the header's
            continue
        stream.seek(at)
        chunk = stream.read(end - at)
        if not chunk:
            return
        line += _line_ends(chunk) - (half and chunk.startswith(b"\n"))  # one line end in two pieces
        half = chunk.endswith(b"\r")
        open_quote ^= bool(chunk.count(b'"') % 2)
        at += len(chunk)
        waiting += 1
        if waiting >= pieces and not open_quote and chunk.endswith(b"\n"):
            yield Cut(at, line)
            waiting = 0


def _line_ends(chunk: bytes) -> int:
    """Return how many lines end in a chunk; one may end in two bytes."""
    if b"\r" not in chunk:
        return chunk.count(b"\n")
    return chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
