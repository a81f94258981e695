"""Read the records of a CSV chunk by chunk, the fast way as long as its quotes stand where RFC 4180 has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from sevenfold.tables.even_records import even_cut, even_records
from sevenfold.tables.fast_records import UnusualQuotesError, cut_records, fast_records, with_line_feeds
from sevenfold.tables.records import Layout, Records, Typing, field_too_large, unclosed_quote
from sevenfold.tables.screening import screened
from sevenfold.tables.slow_records import MAX_LINE_CHARACTERS, read_slowly

__all__ = ["read_records"]


def read_records(
    chunks: Iterable[bytes], layout: Layout, typing: Typing | None = None, *, to_the_end: bool = True
) -> Iterator[Records]:
    """Yield the records of a CSV body.

    From the first chunk on where quotes stand in unusual positions, the standard library reads the rest; it reads all
    of a file whose quotes are not those of RFC 4180. A record with bytes that are not UTF-8 is refused as ``encoding``,
    a header in the middle as ``repeated_header``.

    Args:
        chunks: the bytes after the header, in pieces of any size.
        layout: what a record must look like.
        typing: what `Records.typed` has; None where texts are enough.
        to_the_end: whether the chunks go on to the end of the file; else its records are not read one by one.

    Raises:
        UnusualQuotesError: where the standard library would have to read on beyond the chunks.
        DataError: ``unclosed_quote``, ``field_too_large``, ``header_changed``.
    """
    stream = iter(chunks)
    if not layout.style.is_standard:
        yield from read_slowly(stream, layout, first_line=layout.first_line)
        return
    headless = typing is not None and layout.width > 1 and typing.refuses_headers(layout.names)
    rest, line, final = b"", layout.first_line, False
    while not final:
        chunk = next(stream, None)
        final = chunk is None
        buffer, tail = _whole_lines(rest, chunk or b"")
        if final and buffer and not buffer.endswith((b"\n", b"\r")):
            buffer += b"\n"
        hold = not final and buffer.endswith(b"\r")  # its line feed may come with the next chunk
        try:
            body = with_line_feeds(buffer[:-1] if hold else buffer)
            even = even_cut(body, layout, line, headless=headless)
            records = even and even_records(even, body, layout, typing)
            cut = even if even and records else screened(cut_records(body, layout, line), body, layout)
        except UnusualQuotesError:
            if not to_the_end:
                raise
            yield from read_slowly(chain([buffer, tail], stream), layout, first_line=line)
            return
        rest = body[cut.end :] + (b"\r" if hold else tail)
        if len(rest) > MAX_LINE_CHARACTERS:
            _refuse_long(rest, stream, line + cut.line_count, layout.source)
        if final and rest.strip(b"\n"):
            raise unclosed_quote(layout.source, line + cut.line_count)
        # what Polars could not read of all records it can only read of fewer
        records = records or fast_records(cut, body, layout, typing if even is None or not cut.good.all() else None)
        yield replace(records, size=cut.end)
        line += cut.line_count


def _whole_lines(rest: bytes, chunk: bytes) -> tuple[bytes, bytes]:
    """Return what was left and a chunk up to its last line feed, and what follows, so that none of it is copied twice.

    Without a line feed nothing follows.
    """
    end = chunk.rfind(b"\n") + 1 or len(chunk)
    if not rest and end == len(chunk):
        return chunk, b""
    return b"".join((rest, memoryview(chunk)[:end])), chunk[end:]


def _refuse_long(rest: bytes, stream: Iterator[bytes], line: int, source: str) -> None:
    """Raise for a record that does not end: its field is too large, or nobody closes its quote."""
    if rest.count(b'"') % 2 and not any(b'"' in chunk for chunk in stream):
        raise unclosed_quote(source, line)
    raise field_too_large(source, line, 0)
