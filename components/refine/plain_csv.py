"""The short way through a CSV without quotes, comments and empty lines: Polars cuts its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.refine.columns import Codes

__all__ = ["PlainTable", "plain_table"]


@dataclass(frozen=True)
class PlainTable:
    """The header of a table and, per column, a code per row and the values that the codes point at; None is null."""

    header: list[str]
    columns: list[tuple[Codes, list[Any]]]
    height: int


def plain_table(text: str, delimiter: str) -> PlainTable | None:
    """Return the fields of a CSV, or None where only the reader of quotes, comments and longer records gets them right.

    Args:
        text: lines that end in a line feed, without carriage returns.
        delimiter: the sign between fields.
    """
    odd = '"' in text or "\n\n" in text or "\n#" in text or text.startswith(("#", "\n")) or not text
    if odd or len(delimiter.encode()) != 1 or delimiter == "\n":
        return None
    import polars as pl

    line, _, body = text.partition("\n")
    header = line.split(delimiter)
    if not body:
        return PlainTable(header, [(np.zeros(0, dtype=np.uint32), []) for _ in header], 0)
    try:
        frame = pl.read_csv(
            body.encode(),
            separator=delimiter,
            has_header=False,
            schema={str(at): pl.String for at in range(len(header))},
            quote_char=None,
            truncate_ragged_lines=False,
        )
    except (pl.exceptions.PolarsError, UnicodeEncodeError):
        return None  # a record is longer than the header
    if frame.height != body.count("\n") + (not body.endswith("\n")):
        return None
    return PlainTable(header, [_coded(frame[name]) for name in frame.columns], frame.height)


def _coded(series: Any) -> tuple[Codes, list[Any]]:
    encoded = series.to_arrow().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False).astype(np.uint32)
    return codes, [*values, None] if encoded.null_count else values
