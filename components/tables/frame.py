"""A whole table as one Polars frame: the texts of a CSV, the values of a Parquet file, nothing parsed yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import DataError
from sevenfold.tables.arrow_values import POLARS_DIGITS
from sevenfold.tables.dialect import Dialect
from sevenfold.tables.encoding import utf8_chunks
from sevenfold.tables.header import check_names, split_header
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.read_records import read_records

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["TableFrame", "read_frame"]

MAX_BYTES: Final = 2 << 30  # of a CSV as UTF-8; what comes after is not read
MAX_ROWS: Final = 10_000_000  # of a Parquet file


@dataclass(frozen=True)
class TableFrame:
    """The rows of a table: all columns String for a CSV (an empty field is ""), the file's own types for Parquet.

    `refused` counts records that have too few or too many fields or a stray quote; `complete` is False where the file
    is too large and only its beginning was read.
    """

    frame: pl.DataFrame
    refused: int
    complete: bool = True


def read_frame(path: Path, dialect: Dialect) -> TableFrame:
    """Read a table without parsing its values, with the code that `TableReader` reads it with.

    Raises:
        DataError: ``empty_file``, ``no_rows``, ``encoding``, ``not_text``, ``not_parquet``, ``unclosed_quote``,
            ``field_too_large``, ``empty_column_name``, ``duplicate_column``, ``too_many_columns``.
    """
    table = _read_parquet(path) if dialect.format == "parquet" else _read_csv(path, dialect)
    if table.frame.height + table.refused == 0:
        raise DataError("no_rows", f"A table must have rows, but {path.name} has a header only.")
    return table


def _read_parquet(path: Path) -> TableFrame:
    import polars as pl
    import pyarrow as pa

    table = ParquetTable(path)
    check_names(table.names, path.name)
    batches, rows = [], 0
    for batch in table.batches(table.names):
        batches.append(batch)
        rows += len(batch)
        if rows > MAX_ROWS:
            break
    frame = pl.from_arrow(_known_types(pa.Table.from_batches(batches, table.schema)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 — of a table it is no Series
    return TableFrame(frame.head(MAX_ROWS), 0, complete=rows <= MAX_ROWS)


def _known_types(table: pa.Table) -> pa.Table:
    """Return the table with decimals of more digits than Polars holds as texts, which are read as the same numbers."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.precision > POLARS_DIGITS:
            table = table.set_column(at, field.name, table.column(at).cast(pa.string()))
    return table


def _read_csv(path: Path, dialect: Dialect) -> TableFrame:
    import polars as pl

    chunks = _Counted(utf8_chunks(path, dialect.encoding))
    header = split_header(chunks, dialect.delimiter, path.name)
    names = header.names
    check_names(names, path.name)
    records_of = read_records(header.body, names, dialect.delimiter, first_line=header.next_line, source=path.name)
    del header  # it holds the first chunk
    parts, refused, complete = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], 0, True
    for records in records_of:
        refused += len(records.refusals)
        if len(records.lines):
            parts.append(records.texts())
        if chunks.bytes > MAX_BYTES:
            complete = next(records_of, None) is None
            break
    return TableFrame(pl.concat(parts, rechunk=False), refused, complete)


class _Counted:
    """The chunks of a file, and how many bytes of it were taken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.bytes += len(chunk)
        return chunk
