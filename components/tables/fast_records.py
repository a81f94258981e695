"""Records of a CSV whose quotes stand where RFC 4180 has them: cut on the bytes with numpy, read by Polars.

The structure (lines, quotes, fields) is checked before Polars reads it, so that no field is filled in or cut off
silently.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.records import MAX_FIELD_BYTES, Layout, Records, Refusal, Typing, field_too_large, ragged_row

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Cut", "UnusualQuotesError", "cut_records", "fast_records", "read_cut", "typed_frame", "with_line_feeds"]

QUOTE, LF, CR = 34, 10, 13
# Bytes that Polars takes for a packed stream (zlib, gzip, zstd), or for a mark to skip: here they are a field's first.
_TAKEN_FOR_OTHERS: Final = (
    b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf",
)  # fmt: skip


class UnusualQuotesError(Exception):
    """Quotes stand where RFC 4180 has none; only a reader of every character can say what they mean."""


@dataclass(frozen=True)
class Cut:
    """The complete records of a piece of a CSV body, as offsets into it; `starts` to `good` have one entry each."""

    end: int  # bytes up to the last complete record
    line_count: int  # line feeds up to there
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    good: NDArray[np.bool_]
    refusals: list[Refusal]
    quoted: bool


def with_line_feeds(buffer: bytes) -> bytes:
    """Return a CSV body with every line end as a line feed.

    Raises:
        UnusualQuotesError: a carriage return stands inside a field and must stay as it is.
    """
    if b"\r" not in buffer:
        return buffer
    if b'"' in buffer:
        bytes_ = np.frombuffer(buffer, dtype=np.uint8)
        quotes, returns = np.flatnonzero(bytes_ == QUOTE), np.flatnonzero(bytes_ == CR)
        if (np.searchsorted(quotes, returns) & 1).any():
            raise UnusualQuotesError
    return buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def cut_records(body: bytes, layout: Layout, line: int) -> Cut:
    """Find the complete records of a piece of a CSV body whose line ends are line feeds.

    Args:
        body: the bytes, from the start of a record on.
        layout: what a record must look like.
        line: the line number of the first byte.

    Raises:
        UnusualQuotesError: a quote stands in the middle of a field.
        DataError: ``field_too_large``.
    """
    bytes_ = np.frombuffer(body, dtype=np.uint8)
    delimiter, width = ord(layout.style.delimiter), layout.width
    quoted = b'"' in body
    mask = (bytes_ == delimiter) | (bytes_ == LF)
    if quoted:
        mask |= bytes_ == QUOTE
    positions = np.flatnonzero(mask)
    kinds = bytes_[positions]
    if quoted:
        inside = np.logical_xor.accumulate(kinds == QUOTE)
        outer = ~inside & (kinds != QUOTE)
        separators, kinds_outside = positions[outer], kinds[outer]
    else:
        inside, separators, kinds_outside = np.zeros(0, dtype=bool), positions, kinds
    order = np.flatnonzero(kinds_outside == LF)
    ends = separators[order]
    end = int(ends[-1]) + 1 if len(ends) else 0
    if quoted:
        _check_quotes(bytes_, positions, kinds, inside, delimiter)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    fields = np.diff(order, prepend=-1)
    line_feeds = positions[(kinds == LF) & (positions < end)] if quoted else ends
    lines = line + (np.searchsorted(line_feeds, starts) if quoted else np.arange(len(ends)))
    lengths = ends - starts
    if len(lengths) and lengths.max() > MAX_FIELD_BYTES:
        _check_fields(separators, ends, lengths, lines, layout.source)
    good = fields == width
    blank = lengths == 0
    refused = np.flatnonzero(~good & ~blank)
    refusals = [ragged_row(int(lines[at]), int(fields[at]), width) for at in refused]
    return Cut(end, len(line_feeds), starts, ends, lines, good & ~blank, refusals, quoted)


def _check_quotes(
    bytes_: NDArray[np.uint8],
    positions: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    delimiter: int,
) -> None:
    is_quote = kinds == QUOTE
    opening = positions[is_quote & inside]
    closing = positions[is_quote & ~inside]
    before = np.where(opening > 0, bytes_[np.maximum(opening - 1, 0)], LF)
    closing = closing[closing + 1 < len(bytes_)]  # what follows the last byte comes with the next chunk
    after = bytes_[closing + 1]
    ends_well = (after == delimiter) | (after == LF) | (after == QUOTE)
    # a doubled quote opens again right after one that closed
    starts_well = (before == delimiter) | (before == LF) | ((before == QUOTE) & np.isin(opening - 1, closing))
    if not (starts_well.all() and ends_well.all()):
        raise UnusualQuotesError


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
            raise field_too_large(source, int(lines[at]), int(np.argmax(sizes)) + 1)


def fast_records(cut: Cut, body: bytes, layout: Layout, typing: Typing | None = None) -> Records:
    """Return the records of a cut, read by Polars: its good ones, `typing` says as what."""
    lines = cut.lines[cut.good]
    names = layout.names

    def texts() -> pl.DataFrame:
        import polars as pl

        frame = read_cut(cut, body, layout, Typing.texts(names))
        if frame.height == len(lines):
            return frame
        good = io.StringIO(_good_bytes(cut, body).decode(), newline="")
        rows = [row[: len(names)] for row in layout.style.reader(good, strict=False)]
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    return Records(lines, texts, typed_frame(cut, body, layout, typing) if typing else None, cut.refusals)


def typed_frame(cut: Cut, body: bytes, layout: Layout, typing: Typing) -> pl.DataFrame | None:
    """Return the good records of a cut, None where a value does not fit its type or a record has too many fields."""
    import polars as pl

    try:
        frame = read_cut(cut, body, layout, typing)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None
    return frame if frame.height == np.count_nonzero(cut.good) else None


def read_cut(cut: Cut, body: bytes, layout: Layout, typing: Typing) -> pl.DataFrame:
    """Return the good records of a cut as Polars reads them, and raise what it raises."""
    import polars as pl

    schema = typing.schema()
    kept = _good_bytes(cut, body)
    if not kept:
        return pl.DataFrame(schema=schema)
    hidden = kept.startswith(_TAKEN_FOR_OTHERS)
    frame = pl.read_csv(
        b"#\n" + kept if hidden else kept,
        has_header=False,
        skip_rows=1 if hidden else 0,
        schema={**schema, "": pl.String} if layout.trailing else schema,
        separator=layout.style.delimiter,
        quote_char='"' if cut.quoted else None,
        empty_string_is_null=typing.empty_is_null,
        null_values=list(typing.nulls) or None,
    )
    return frame.select(list(schema)) if layout.trailing else frame


def _good_bytes(cut: Cut, body: bytes) -> bytes:
    """Return the good records' bytes, copied in as few pieces as there are gaps."""
    if cut.good.all():
        return body[: cut.end]
    positions = np.flatnonzero(cut.good)
    if not len(positions):
        return b""
    breaks = np.flatnonzero(np.diff(positions) > 1)
    firsts = positions[np.concatenate(([0], breaks + 1))]
    lasts = positions[np.concatenate((breaks, [len(positions) - 1]))]
    return b"".join(body[cut.starts[a] : cut.ends[b] + 1] for a, b in zip(firsts, lasts, strict=True))
