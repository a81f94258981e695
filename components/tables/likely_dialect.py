"""How a file is likely written whose records do not fit: a sentence for the error that refuses it."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

from sevenfold.contracts.errors import DataError
from sevenfold.tables.csv_head import read_head
from sevenfold.tables.dialect import Dialect, head_text
from sevenfold.tables.quoting import BROKEN, likely_style, strict_records

__all__ = ["likely_dialect", "with_likely_dialect"]

_YAML = {True: "true", '"': "'\"'", "'": '"\'"', "\\": "'\\'"}


def likely_dialect(path: Path, dialect: Dialect) -> str:
    """Return a sentence that says how a CSV is likely written and what to declare, or "" where nothing is likely.

    Args:
        path: the file.
        dialect: what it was read as.
    """
    if dialect.format != "csv":
        return ""
    text = head_text(path, dialect.encoding)
    style, what = likely_style(text, dialect.style)
    if what:
        keys = [f"data.{key}: {_YAML[value]}" for key, value in style.changed_from(dialect.style).items()]
        return f"In this file {what}: set {' and '.join(keys)} in the plan."
    widths = [len(row) for row in strict_records(text, dialect.style) if row]
    width = len(read_head(text, dialect.style).names)
    (usual, rows), *_ = Counter(widths).most_common(1) or [(0, 0)]
    if rows > len(widths) / 2 and (usual > width + 1 or (usual == 2 and width == 1)):
        return _line_before_header(text, dialect, usual)
    if widths and sum(size == width + 1 for size in widths) > len(widths) / 2:
        return "Most records have one field more than the header: name the first column too, as R's row names lack one."
    if widths and sum(size > width for size in widths) > BROKEN * len(widths):
        return f"Some records have more fields than the header: put fields that hold {dialect.delimiter!r} in quotes."
    return ""


def _line_before_header(text: str, dialect: Dialect, fields: int) -> str:
    """Return what to remove, where the first line with as many fields as the rows seems to be the header."""
    reader = dialect.style.reader(io.StringIO(text, newline=""), strict=False)
    at = next((reader.line_num for row in reader if len(row) == fields), 0)
    if at < 2:
        return ""
    before = f"the {at - 1} lines" if at > 2 else "the line"
    return (
        f"Most records have {fields} fields and the first line has fewer, as a title or a comment has: line {at} seems "
        f"to be the header, so remove {before} before it."
    )


def with_likely_dialect(error: DataError, path: Path, dialect: Dialect) -> DataError:
    """Return the error with the likely dialect before its remedy, where there is one."""
    likely = likely_dialect(path, dialect)
    return DataError(error.code, error.message, remedy=f"{likely} {error.remedy}") if likely else error
