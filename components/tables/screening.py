"""Records that have the right number of fields and are still none: a header in the middle, bytes that are no text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.fast_records import QUOTE, Cut
from sevenfold.tables.records import Layout, Refusal, header_changed, ragged_row, repeated_header, undecodable

__all__ = ["screened"]

COMPARED: Final = 32  # bytes of the first name that are compared before a record is looked at by itself
MARK: Final = b"\xef\xbb\xbf"
_LEADS: Final = np.isin(np.arange(256), list(b' \t"'))  # what may stand before a name


def screened(cut: Cut, body: bytes, layout: Layout) -> Cut:
    """Return the cut with the records refused that are a header, hold bad bytes, or have no empty field at their end.

    Args:
        cut: the records of `body`.
        body: a piece of a CSV whose line ends are line feeds.
        layout: what a record must look like.

    Raises:
        DataError: ``header_changed``.
    """
    refusals: dict[int, Refusal] = {}
    bytes_ = np.frombuffer(body, dtype=np.uint8)
    likely = _led_like_a_header(cut, bytes_, layout)
    for at in _header_like(likely, cut, bytes_, layout):
        if layout.is_header(_fields(cut, body, at, layout)):
            refusals[at] = repeated_header(int(cut.lines[at]))
    for at in _as_long_as_the_header(likely, cut, bytes_, layout):
        if layout.is_reordered_header(_fields(cut, body, at, layout)):
            raise header_changed(layout.source, int(cut.lines[at]))
    for at in _bad_bytes(cut, body, bytes_):
        if at not in refusals:
            refusals[at] = undecodable(int(cut.lines[at]), _fields(cut, body, at, layout), layout.names)
    if layout.trailing:
        for at in _without_empty_end(cut, bytes_, layout):
            refusals.setdefault(at, ragged_row(int(cut.lines[at]), layout.width, len(layout.names)))
    if not refusals:
        return cut
    good = cut.good.copy()
    good[list(refusals)] = False
    lines = {refusal.line for refusal in refusals.values()}
    kept = [refusal for refusal in cut.refusals if refusal.line not in lines]
    return replace(cut, good=good, refusals=[*kept, *refusals.values()])


def _fields(cut: Cut, body: bytes, at: int, layout: Layout) -> list[str]:
    text = body[cut.starts[at] : cut.ends[at]].decode("utf-8", "surrogateescape")
    return next(layout.style.reader([text], strict=False), [])


def _led_like_a_header(cut: Cut, bytes_: NDArray[np.uint8], layout: Layout) -> NDArray[np.int64]:
    """Return the records whose first byte is that of a name, or may stand before one: no row of most tables."""
    if not len(cut.starts):
        return np.zeros(0, dtype=np.int64)
    leads = _LEADS.copy()
    leads[MARK[0]] = True
    leads[[name.encode()[0] for name in layout.names]] = True
    first = _bare_first(layout)
    leads[first[0] if first else slice(None)] = True
    return np.flatnonzero(leads[bytes_[cut.starts]])


def _bare_first(layout: Layout) -> bytes:
    """Return the first name up to a quote within."""
    return layout.names[0].lstrip('"').partition('"')[0].encode()


def _header_like(at: NDArray[np.int64], cut: Cut, bytes_: NDArray[np.uint8], layout: Layout) -> Iterable[int]:
    """Return the records that begin with the first name and end as the last one does: few, whatever the table holds."""
    if not len(at):
        return []
    first, last = _bare_first(layout), layout.names[-1].encode()[-1]
    at = at[cut.ends[at] - cut.starts[at] >= sum(map(len, layout.names))]
    at = at[np.isin(bytes_[cut.ends[at] - 1], [last, *b' \t"', ord(layout.style.delimiter)])]
    where = cut.starts[at]
    end = len(bytes_) - 1
    marked = np.ones(len(at), dtype=bool)
    for offset, byte in enumerate(MARK):
        marked &= bytes_[np.minimum(where + offset, end)] == byte
    where = where + len(MARK) * marked
    for _ in range(COMPARED):
        leads = _LEADS[bytes_[np.minimum(where, end)]]
        if not leads.any():
            break
        where = where + leads
    for offset, byte in enumerate(first[:COMPARED]):
        same = bytes_[np.minimum(where + offset, end)] == byte
        at, where = at[same], where[same]
        if not len(at):
            break
    return map(int, at)


def _as_long_as_the_header(at: NDArray[np.int64], cut: Cut, bytes_: NDArray[np.uint8], layout: Layout) -> Iterable[int]:
    """Return the records that may be the header in another order: as long as it, and like names at both ends."""
    names, delimiter = [name.encode() for name in layout.names], ord(layout.style.delimiter)
    quoted = sum(delimiter in name or QUOTE in name for name in names)
    size = sum(map(len, names)) + len(names) - 1 + layout.trailing
    lengths = cut.ends[at] - cut.starts[at]
    sizes = [size + more + mark for more in (0, 2 * quoted, 2 * len(names)) for mark in (0, len(MARK))]
    at = at[np.isin(lengths, sizes)]
    if not layout.trailing:
        at = at[np.isin(bytes_[cut.ends[at] - 1], [QUOTE, *(name[-1] for name in names)])]
    return map(int, at[np.isin(bytes_[cut.starts[at]], [QUOTE, MARK[0], *(name[0] for name in names)])])


def _without_empty_end(cut: Cut, bytes_: NDArray[np.uint8], layout: Layout) -> Iterable[int]:
    """Return the good records whose last field, the one without a name, is not empty."""
    at = np.flatnonzero(cut.good)
    ends, delimiter = cut.ends[at], ord(layout.style.delimiter)
    before = [bytes_[np.maximum(ends - back, 0)] for back in (1, 2, 3)]
    quoted = (before[0] == QUOTE) & (before[1] == QUOTE) & (before[2] == delimiter)
    return map(int, at[(before[0] != delimiter) & ~quoted])


def _bad_bytes(cut: Cut, body: bytes, bytes_: NDArray[np.uint8]) -> list[int]:
    """Return the records that are not valid UTF-8."""
    if body.isascii():
        return []
    try:
        body[: cut.end].decode()
    except UnicodeDecodeError:
        beyond = np.flatnonzero(bytes_[: cut.end] >= 0x80)
        touched = np.unique(np.searchsorted(cut.ends, beyond)).tolist()
        return [at for at in touched if not _is_utf8(body[cut.starts[at] : cut.ends[at]])]
    return []


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True
