"""A table as it lies in its file: texts of a CSV, values of a Parquet file; and what of it is no row at all."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.tables.dialect import Dialect, name_key

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_COLUMNS", "RawTable", "check_names", "read_raw"]

MAX_COLUMNS: Final = 2_000
MAX_BYTES: Final = 2 << 30  # of a CSV; what lies beyond is not profiled
MAX_ROWS: Final = 10_000_000  # of a Parquet file
MAX_FIELD_BYTES: Final = 1 << 20
ROWS_PER_PIECE: Final = 50_000


@dataclass(frozen=True)
class RawTable:
    """The rows as read: all columns String for a CSV (a missing field is ""), the file's own types for Parquet.

    `refused` counts records that have too few or too many fields; `complete` is False where the file is too large and
    only its beginning was read.
    """

    frame: pl.DataFrame
    refused: int
    complete: bool = True


def read_raw(path: Path, dialect: Dialect) -> RawTable:
    """Read a table without judging its values.

    Raises:
        DataError: ``missing_file``, ``empty_file``, ``no_rows``, ``not_text``, ``not_parquet``, ``unclosed_quote``,
            ``field_too_large``, ``empty_column_name``, ``duplicate_column``, ``too_many_columns``.
    """
    table = _read_parquet(path) if dialect.format == "parquet" else _read_csv(path, dialect)
    if table.frame.height + table.refused == 0:
        raise DataError("no_rows", f"A table must have rows, but {path.name} has a header only.")
    return table


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse column names that cannot be told apart.

    Raises:
        DataError: ``too_many_columns``, ``empty_column_name``, ``duplicate_column``.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            "too_many_columns",
            f"A table may have at most {MAX_COLUMNS} columns, but {source} has {len(names)}.",
            remedy="Export fewer columns.",
        )
    seen: dict[str, str] = {}
    for at, name in enumerate(names, 1):
        key = name_key(name)
        if not key:
            raise DataError(
                "empty_column_name",
                f"Every column must have a name, but column {at} of {source} has none.",
                remedy="Name it. An exported row index is left out with index=False (pandas).",
            )
        if key in seen:
            raise DataError(
                "duplicate_column",
                f"Column names must differ in more than case, spaces and invisible characters, but {seen[key]!r} and "
                f"{name!r} do not.",
                remedy="Rename one of them.",
            )
        seen[key] = name


def _read_parquet(path: Path) -> RawTable:
    import polars as pl

    try:
        lazy = pl.scan_parquet(path)
        check_names(lazy.collect_schema().names(), path.name)
        frame = lazy.head(MAX_ROWS + 1).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            "not_parquet",
            f"{path.name} must be a whole Parquet file, but it cannot be read: {str(error)[:120]}",
            remedy="It may have been cut off: fetch it again.",
        ) from error
    return RawTable(frame.head(MAX_ROWS), 0, complete=frame.height <= MAX_ROWS)


def _read_csv(path: Path, dialect: Dialect) -> RawTable:
    names = list(dialect.header)
    check_names(names, path.name)
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    complete = len(content) <= MAX_BYTES
    if not complete:
        content = content[: content.rfind(b"\n", 0, MAX_BYTES) + 1]
    body = _as_utf8(content, dialect, path)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    body = body.lstrip(b"\n")
    frame, refused = (_quoted if b'"' in body else _plain)(body, names, dialect.delimiter, path.name)
    longest = frame.select(_lengths(frame.columns)).row(0) if frame.height else ()
    if any((length or 0) > MAX_FIELD_BYTES for length in longest):
        raise _too_large(path.name)
    return RawTable(frame, refused, complete)


def _lengths(names: Sequence[str]) -> list[Any]:
    """Return the expressions of the longest text of each column, bytes."""
    import polars as pl

    return [pl.col(name).str.len_bytes().max() for name in names]


def _as_utf8(content: bytes, dialect: Dialect, path: Path) -> bytes:
    encoding = dialect.encoding.lower().replace("_", "-")
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode(encoding)
        body = content if encoding in ("utf-8", "ascii") else text.removeprefix("\ufeff").encode()
    except (UnicodeError, LookupError) as error:
        raise DataError(
            "encoding",
            f"The text of {path.name} must be {dialect.encoding}, but {str(error)[:100]}.",
            remedy="Save it as UTF-8, or set data.encoding.",
        ) from error
    if b"\0" in body:
        raise DataError(
            "not_text", f"A CSV must be text, but {path.name} has NUL characters.", remedy="Export it again as CSV."
        )
    return body


def _plain(body: bytes, names: list[str], delimiter: str, source: str) -> tuple[pl.DataFrame, int]:
    """Read a CSV without quotes; fields are counted on the bytes."""
    if not body.endswith(b"\n"):
        body += b"\n"
    symbols = np.frombuffer(body, dtype=np.uint8)
    ends = np.flatnonzero(symbols == 10)
    starts = np.concatenate(([0], ends[:-1] + 1))
    separators = np.flatnonzero(symbols == ord(delimiter))
    fields = np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1
    if (ends - starts).max() > MAX_FIELD_BYTES * max(1, len(names)):
        raise _too_large(source)
    filled = ends > starts
    good = filled & (fields == len(names))
    refused = int(np.count_nonzero(filled & ~good))
    if not good.all():
        body = b"".join(body[a : b + 1] for a, b in zip(starts[good], ends[good], strict=True))
    return _polars(body, names, delimiter, quote=None).slice(1), refused


def _quoted(body: bytes, names: list[str], delimiter: str, source: str) -> tuple[pl.DataFrame, int]:
    """Read a CSV with quotes: the standard library tells what a record is, Polars reads where all are in order."""
    import polars as pl

    counts: dict[int, int] = {}
    for row in _records(body, delimiter, source):
        counts[len(row)] = counts.get(len(row), 0) + 1
    counts.pop(0, None)
    rows = counts.get(len(names), 0)
    if counts.keys() == {len(names)}:
        try:
            frame = _polars(body, names, delimiter, quote='"')
            if frame.height == rows:
                return frame.slice(1), 0
        except pl.exceptions.PolarsError:
            pass  # quotes in places where Polars has none
    pieces, piece = [], []
    for row in _records(body, delimiter, source):
        if len(row) == len(names):
            piece.append(row)
        if len(piece) == ROWS_PER_PIECE:
            pieces.append(_frame(piece, names))
            piece = []
    pieces.append(_frame(piece, names))
    return pl.concat(pieces).slice(1), sum(counts.values()) - rows


def _records(body: bytes, delimiter: str, source: str) -> Iterator[list[str]]:
    limit = csv.field_size_limit(MAX_FIELD_BYTES)
    stream = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _odd_record(str(error), reader.line_num - line, line, source)
                continue
            yield row
    finally:
        csv.field_size_limit(limit)


def _odd_record(said: str, more_lines: int, line: int, source: str) -> list[str]:
    """Tell a record with a stray quote, which is refused, from a quote that swallows the rest of the file."""
    if "field l" in said:  # "field larger than field limit"
        raise _too_large(source)
    if more_lines > 0 or "end of data" in said:
        raise DataError(
            "unclosed_quote",
            f"Every quote must be closed, but the one opened in {source}:{line} is not.",
            remedy="Close it, or double it where it is meant as a character.",
        )
    return [""] * (MAX_COLUMNS + 1)  # as many fields as no table has


def _polars(body: bytes, names: list[str], delimiter: str, *, quote: str | None) -> pl.DataFrame:
    import polars as pl

    if not body:
        return _frame([], names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pl.read_csv(
            body,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            separator=delimiter,
            quote_char=quote,
            empty_string_is_null=False,
        )


def _frame(rows: list[list[str]], names: list[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _too_large(source: str) -> DataError:
    return DataError(
        "field_too_large",
        f"A field may have at most {MAX_FIELD_BYTES} bytes, but {source} has a longer one.",
        remedy="Remove the column from the export, or see whether a quote is missing.",
    )
