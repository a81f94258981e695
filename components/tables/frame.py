"""A whole table as one Polars frame: the texts of a CSV, the values of a Parquet file, nothing parsed yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import DataError
from sevenfold.tables.arrow_values import POLARS_DIGITS
from sevenfold.tables.dialect import Dialect
from sevenfold.tables.encoding import check_bad_bytes, utf8_chunks
from sevenfold.tables.file_format import read_format
from sevenfold.tables.header import check_names, split_header
from sevenfold.tables.likely_dialect import with_likely_dialect
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.parts import check_part, check_part_format, part_names, parts_of, table_name
from sevenfold.tables.read_records import read_records
from sevenfold.tables.records import BAD_BYTES, REPEATED_HEADER, Layout

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["TableFrame", "read_frame"]

MAX_BYTES: Final = 2 << 30  # of a CSV as UTF-8; what comes after is not read
MAX_ROWS: Final = 10_000_000  # of a Parquet file
MAX_BAD_BYTES: Final = 0.01  # share of the rows with bytes that are no text; beyond, the encoding is another one


@dataclass(frozen=True)
class TableFrame:
    """The rows of a table: all columns String for a CSV (an empty field is ""), the file's own types for Parquet.

    `refused_by` counts, by code, records that have too few or too many fields, a stray quote, or bytes that are no
    text; `repeated_headers` counts the headers in the middle, which are no rows. `complete` is False where the table is
    too large and only its beginning was read.
    """

    frame: pl.DataFrame
    refused_by: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    repeated_headers: int = 0

    @property
    def refused(self) -> int:
        """How many records are refused."""
        return self.refused_by.total()


def read_frame(table: Path | Sequence[Path], dialect: Dialect) -> TableFrame:
    """Read a table, in one file or in several, without parsing its values, as `TableReader` reads it.

    Raises:
        DataError: ``missing_file``, ``empty_file``, ``no_rows``, ``encoding``, ``not_text``, ``not_parquet``,
            ``unclosed_quote``, ``field_too_large``, ``empty_column_name``, ``duplicate_column``, ``too_many_columns``,
            ``delimiter``, ``part_columns``, ``part_format``, ``part_type``, ``packed_too_large``, ``packed_broken``.
    """
    paths = parts_of(table)
    labels = part_names(paths)
    read = _read_parquet if dialect.format == "parquet" else _read_csv
    parts: list[TableFrame] = []
    room = _Room()
    for path, label in zip(paths, labels, strict=True):
        if parts:
            kind, _ = read_format(path, wide=dialect.encoding.startswith(("utf-16", "utf-32")))
            check_part_format(kind, dialect.format, label, labels[0])
        part = read(path, dialect, room)
        if parts:
            check_part(part.frame.columns, parts[0].frame.columns, label, labels[0])
        parts.append(part)
        if not part.complete:
            break
    whole = TableFrame(
        _joined([part.frame for part in parts], labels),
        sum((part.refused_by for part in parts), Counter()),
        len(parts) == len(paths) and parts[-1].complete,
        sum(part.repeated_headers for part in parts),
    )
    if whole.frame.height + whole.refused == 0:
        raise DataError("no_rows", f"A table must have rows, but {table_name(paths)} has a header only.")
    return whole


def _joined(frames: list[pl.DataFrame], labels: list[str]) -> pl.DataFrame:
    """Return the rows of all frames, each column in the narrowest type that holds it in all of them."""
    import polars as pl

    first = frames[0]
    whole = [first, *(frame.select(first.columns) for frame in frames[1:])]
    try:
        return pl.concat(whole, how="vertical_relaxed", rechunk=False)
    except pl.exceptions.PolarsError:
        for label, frame in zip(labels, whole, strict=False):
            for name, kind in frame.schema.items():
                try:
                    pl.concat([first.select(name).head(0), frame.select(name).head(0)], how="vertical_relaxed")
                except pl.exceptions.PolarsError:
                    raise DataError(
                        "part_type",
                        f"A column must have one type in all files of a table, but {name!r} is {first.schema[name]} in "
                        f"{labels[0]} and {kind} in {label}.",
                        remedy="Write the files with one schema.",
                    ) from None
        raise


@dataclass
class _Room:
    """What may still be read of a table: bytes of CSV, rows of Parquet."""

    bytes: int = MAX_BYTES
    rows: int = MAX_ROWS


def _read_parquet(path: Path, dialect: Dialect, room: _Room) -> TableFrame:
    import polars as pl
    import pyarrow as pa

    table = ParquetTable(path)
    check_names(table.names, path.name)
    batches, rows, limit = [], 0, room.rows
    for batch in table.batches(table.names):
        batches.append(batch)
        rows += len(batch)
        if rows > limit:
            break
    room.rows -= rows
    frame = pl.from_arrow(_known_types(pa.Table.from_batches(batches, table.schema)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 — of a table it is no Series
    return TableFrame(frame.head(limit), complete=rows <= limit)


def _known_types(table: pa.Table) -> pa.Table:
    """Return the table with decimals of more digits than Polars holds as texts, which are read as the same numbers."""
    import pyarrow as pa

    for at, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type) and column.type.precision > POLARS_DIGITS:
            table = table.set_column(at, column.name, table.column(at).cast(pa.string()))
    return table


def _read_csv(path: Path, dialect: Dialect, room: _Room) -> TableFrame:
    import polars as pl

    chunks = _Counted(utf8_chunks(path, dialect.encoding))
    header = split_header(chunks, dialect.style, path, dialect.encoding)
    names = header.names
    check_names(names, path.name)
    layout = Layout(names, dialect.style, header.next_line, path.name, header.trailing)
    all_records = read_records(header.body, layout)
    del header  # it holds the first chunk
    parts, complete = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], True
    counts: Counter[str] = Counter()
    rows = 0
    try:
        for records in all_records:
            counts.update(refusal.code for refusal in records.refusals)
            rows += len(records.lines) + len(records.refusals)
            if len(records.lines):
                parts.append(records.texts())
            if chunks.bytes > room.bytes:
                complete = next(all_records, None) is None
                break
    except DataError as error:
        raise with_likely_dialect(error, path, dialect) if error.code == "unclosed_quote" else error from None
    room.bytes -= chunks.bytes
    check_bad_bytes(path, dialect.encoding, counts[BAD_BYTES], rows, MAX_BAD_BYTES)
    repeated = counts.pop(REPEATED_HEADER, 0)
    return TableFrame(pl.concat(parts, rechunk=False), counts, complete, repeated)


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
