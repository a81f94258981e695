"""Records of a piece of a CSV without quotes whose lines are all records: Polars reads them before anybody cuts them.

Cutting finds every delimiter; most pieces need none of them, or no more than their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.fast_records import LF, QUOTE, Cut, read_cut, typed_frame
from sevenfold.tables.records import MAX_FIELD_BYTES, Layout, Records, Typing
from sevenfold.tables.screening import screened

__all__ = ["even_cut", "even_records"]

PIECE: Final = 1 << 18  # bytes that are counted at once: they stay in the processor's cache


def even_cut(body: bytes, layout: Layout, line: int, *, headless: bool = False) -> Cut | None:
    """Return the cut of a piece into its lines, None where some are blank, long or no records.

    It holds if `even_records` then finds that each has the fields of the header.

    Args:
        body: the bytes, from the start of a record on, with line feeds.
        layout: what a record must look like.
        line: the line number of the first byte.
        headless: whether Polars refuses a header among the records, as it does bytes that are no text. Then the cut of
            nearly every piece goes without `starts` and `ends`.
    """
    end = body.rfind(b"\n") + 1
    if not end or layout.trailing or QUOTE in body:
        return None
    if headless and (count := _short_lines(body, end)):
        none = np.zeros(0, dtype=np.int64)
        return _cut(end, count, none, none, line)
    pieces = _pieces(body, end)
    ends = np.concatenate([(piece == LF).nonzero()[0] + at * PIECE for at, piece in enumerate(pieces)])
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    if lengths.min() == 0 or lengths.max() > MAX_FIELD_BYTES:
        return None
    cut = _cut(end, len(ends), starts, ends, line)
    return None if screened(cut, body, layout).refusals else cut


def _cut(end: int, count: int, starts: NDArray[np.int64], ends: NDArray[np.int64], line: int) -> Cut:
    good = np.ones(count, dtype=np.bool_)
    return Cut(end, count, starts, ends, line + np.arange(count), good, [], quoted=False)


def _short_lines(body: bytes, end: int) -> int:
    """Return how many lines there are up to `end`, 0 where some may be long."""
    counts = [int(np.count_nonzero(piece == LF)) for piece in _pieces(body, end)]
    return sum(counts) if all(counts) else 0  # a field that is too long fills pieces that have no end of a line


def _pieces(body: bytes, end: int) -> Iterator[NDArray[np.uint8]]:
    bytes_ = np.frombuffer(body, dtype=np.uint8, count=end)
    return (bytes_[start : start + PIECE] for start in range(0, end, PIECE))


def even_records(cut: Cut, body: bytes, layout: Layout, typing: Typing | None) -> Records | None:
    """Return the records of an even cut; None where one has too many or too few fields, or a value that does not fit.

    Polars refuses too many. Of one with too few it takes the last field for empty: so where some may be, the delimiters
    are counted, of which one with too few leaves some to another.
    """
    texts = Typing.texts(layout.names)
    read_as = typing or texts
    frame = typed_frame(cut, body, layout, read_as)
    if frame is None:
        return None
    maybe_short = not read_as.empty_is_null or frame[layout.names[-1]].null_count()
    if maybe_short and not _has_all_delimiters(cut, body, layout):
        return None
    if typing is None:
        return Records(cut.lines, lambda: frame)
    return Records(cut.lines, lambda: read_cut(cut, body, layout, texts), frame)


def _has_all_delimiters(cut: Cut, body: bytes, layout: Layout) -> bool:
    """Whether the lines of a piece have as many delimiters on average as the header."""
    delimiter = ord(layout.style.delimiter)
    delimiters = sum(int(np.count_nonzero(piece == delimiter)) for piece in _pieces(body, cut.end))
    return delimiters == cut.line_count * (layout.width - 1)
