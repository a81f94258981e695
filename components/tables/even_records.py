"""Records of a piece of a CSV without quotes whose lines are all records: counted, not cut, before Polars reads them.

Cutting finds every delimiter; most pieces need no more than their number.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sevenfold.tables.fast_records import LF, QUOTE, Cut, read_cut, typed_frame
from sevenfold.tables.records import MAX_FIELD_BYTES, Layout, Records, Typing
from sevenfold.tables.screening import screened

__all__ = ["even_cut", "even_records"]

PIECE: Final = 1 << 18  # bytes that are counted at once: they stay in the processor's cache


def even_cut(body: bytes, layout: Layout, line: int) -> Cut | None:
    """Return the cut of a piece whose lines have as many delimiters on average as the header, None of any other.

    It holds if Polars then finds no record with too many fields: one with too few would leave some to another.

    Args:
        body: the bytes, from the start of a record on, with line feeds.
        layout: what a record must look like.
        line: the line number of the first byte.
    """
    end = body.rfind(b"\n") + 1
    if not end or layout.trailing or QUOTE in body:
        return None
    bytes_ = np.frombuffer(body, dtype=np.uint8, count=end)
    delimiter, delimiters = ord(layout.style.delimiter), 0
    line_feeds = []
    for start in range(0, end, PIECE):
        piece = bytes_[start : start + PIECE]
        delimiters += int(np.count_nonzero(piece == delimiter))
        line_feeds.append((piece == LF).nonzero()[0] + start)
    ends = np.concatenate(line_feeds)
    if delimiters != len(ends) * (layout.width - 1):
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    if lengths.min() == 0 or lengths.max() > MAX_FIELD_BYTES:
        return None
    good = np.ones(len(ends), dtype=np.bool_)
    cut = Cut(end, len(ends), starts, ends, line + np.arange(len(ends)), good, [], quoted=False)
    return None if screened(cut, body, layout).refusals else cut


def even_records(cut: Cut, body: bytes, layout: Layout, typing: Typing | None) -> Records | None:
    """Return the records of an even cut; None where one has too many fields, or a value does not fit its type."""
    texts = Typing.texts(layout.names)
    frame = typed_frame(cut, body, layout, typing or texts)
    if frame is None:
        return None
    if typing is None:
        return Records(cut.lines, lambda: frame)
    return Records(cut.lines, lambda: read_cut(cut, body, layout, texts), frame)
