"""Read a table in parts, as OpenRefine's importers read it whole: no more than a part is in memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from sevenfold.refine.import_csv import (
    FIRST_BREAK,
    check_line_ends,
    is_parquet,
    records_of,
    table_of_frame,
    table_of_plain,
    table_of_records,
    without_comments,
)
from sevenfold.refine.plain_csv import plain_table
from sevenfold.refine.table import Table
from sevenfold.tables.encoding import known_encoding, wrong_encoding
from sevenfold.tables.packed import open_table

__all__ = ["PART_BYTES", "read_parts", "text_blocks"]

PART_BYTES: Final = 16 << 20  # of a CSV; a table of texts takes several times as much in memory
_CELL_BYTES: Final = 16  # so many count for a cell of a CSV with quotes, and of a Parquet file


def read_parts(path: Path, delimiter: str = ",", encoding: str = "utf-8", part_bytes: int = 0) -> Iterator[Table]:
    """Yield the parts of the table that `read_table` reads, at least one.

    About `part_bytes` of a CSV make a part, by default `PART_BYTES`. A part has the header's columns, and further ones
    where a record of its own is longer than the header.

    Raises:
        DataError: what `read_table` raises, at the part that it is in.
    """
    part_bytes = part_bytes or PART_BYTES
    if is_parquet(path):
        yield from _parquet(path, part_bytes)
        return
    blocks, header, lines = text_blocks(path, encoding, part_bytes), "", 0
    for block in blocks:
        plain = plain_table(header + block, delimiter)
        if plain is None:
            records = records_of(_lines(chain((header + block,), blocks)), delimiter, path.name, lines)
            yield from _by_records(records, part_bytes)
            return
        yield table_of_plain(plain, delimiter, path.name)
        header = header or block[: block.find("\n") + 1]
        lines += plain.height


def _parquet(path: Path, part_bytes: int) -> Iterator[Table]:
    import polars as pl

    frame = pl.scan_parquet(path)
    width = len(frame.collect_schema())
    rows = max(1, part_bytes // _CELL_BYTES // max(width, 1))
    height = int(frame.select(pl.len()).collect().item())
    for start in range(0, max(height, 1), rows):
        yield table_of_frame(frame.slice(start, rows).collect())


def text_blocks(path: Path, encoding: str, part_bytes: int = 0) -> Iterator[str]:
    """Yield a file's text, its line ends as line feeds, in pieces that end at one; the last may end anywhere.

    Raises:
        DataError: ``encoding``, ``line_ends``, and what `open_table` raises.
    """
    part_bytes = part_bytes or PART_BYTES
    known_encoding(encoding)
    decoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    ending, raw, rest = "", "", ""
    with open_table(path) as stream:
        try:
            for text in codecs.iterdecode(iter(lambda: stream.read(part_bytes), b""), decoding):
                raw += text
                ending = ending or _line_end(raw)
                if not ending:
                    continue
                held = len(raw) - (raw[-1:] == "\r" and ending == "\r\n")
                rest += raw[:held].replace(ending, "\n")
                raw = raw[held:]
                check_line_ends(rest, path.name)
                cut = rest.rfind("\n") + 1
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
        except UnicodeDecodeError:
            raise wrong_encoding(path, encoding) from None
    found = FIRST_BREAK.search(raw) if not ending else None
    rest += raw.replace(found[0], "\n") if found else raw
    check_line_ends(rest, path.name)
    if rest or not ending:
        yield rest


def _line_end(text: str) -> str:
    """Return the first line end, "" where there is none yet, or one that may go on."""
    found = FIRST_BREAK.search(text)
    return found[0] if found and found.end() < len(text) else ""


def _lines(blocks: Iterable[str]) -> Iterator[str]:
    whole = chain.from_iterable(io.StringIO(block, newline="\n") for block in blocks)
    return iter(without_comments(whole))


def _by_records(records: Iterator[list[str]], part_bytes: int) -> Iterator[Table]:
    header = next(records, None)
    if header is None:
        yield table_of_records([])
        return
    count = max(1, part_bytes // _CELL_BYTES // len(header))
    part = list(islice(records, count))
    yield table_of_records([header, *part])
    while part := list(islice(records, count)):
        yield table_of_records([header, *part])
