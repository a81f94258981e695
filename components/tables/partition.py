"""A partition of a table: some rows of one of its files that are read and checked by themselves, on any machine."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Protocol

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.schema import Column
from sevenfold.plan.data import DataSection
from sevenfold.tables import encoding
from sevenfold.tables.batch_check import BatchCheck, CheckedBatch
from sevenfold.tables.batch_columns import column_types, dictionaries_of
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.fast_records import UnusualQuotesError
from sevenfold.tables.header import split_header
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.read_records import read_records
from sevenfold.tables.records import Layout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Found", "LocalFiles", "Partition", "TableFiles", "checked_partition", "copied"]

Found = CheckedBatch | SevenfoldError | UnusualQuotesError


@dataclass(frozen=True)
class Partition:
    """Rows of one file of a table.

    Args:
        file: number of the file.
        name: of the file, for errors.
        start: of a CSV the offset of its first record in bytes, of a Parquet file the number of rows before it.
        stop: where the next partition starts.
        step: how far a reader of the whole file reads at once: bytes of a CSV, rows of a Parquet file.
        piece: of a CSV, where the piece begins that the reader of the whole file reads the first record with.
        layout: of the records of a CSV, from the line of `start` on; None for a Parquet file.
        last: whether the file ends with it.
        whole: whether it is a CSV that is read from its first byte on, as it cannot be cut.
    """

    file: int
    name: str
    start: int
    stop: int
    step: int
    piece: int = 0
    layout: Layout | None = None
    last: bool = True
    whole: bool = False


class TableFiles(Protocol):
    """Gives the bytes of a table's files by number, also where the files themselves are not."""

    def open(self, file: int) -> BinaryIO:
        """Open a file to read and seek."""

    def path(self, file: int) -> AbstractContextManager[Path]:
        """Return a file of the same bytes for the `with` block."""


class LocalFiles:
    """The files of a table on this machine."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)

    def open(self, file: int) -> BinaryIO:
        """Open a file to read and seek."""
        return self._paths[file].open("rb")

    @contextmanager
    def path(self, file: int) -> Iterator[Path]:
        """Return the file itself."""
        yield self._paths[file]


@contextmanager
def copied(stream: BinaryIO, name: str) -> Iterator[Path]:
    """Copy a stream into a file called `name` for the `with` block, and close the stream."""
    with TemporaryDirectory(prefix="sevenfold-") as folder, stream:
        path = Path(folder) / name
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        yield path


def checked_partition(
    partition: Partition,
    files: TableFiles,
    data: DataSection,
    columns: Mapping[str, Column],
    coded: Mapping[str, CodedColumn],
) -> Iterator[Found]:
    """Yield the batches of a partition: those that a reader of the whole file gets from these rows.

    At the end comes what is wrong: an `UnusualQuotesError` where the records after the partition cannot be told from
    its own, never for the last one of a file; or the error that a `TableReader` raises.

    Args:
        partition: which rows.
        files: of the table.
        data: what the table is.
        columns: those that the file has, of `stored_columns`.
        coded: of `coded_columns`, with what is known of the rows before.
    """
    try:
        check = BatchCheck(data, columns, coded, partition.file)
        if partition.layout is None:
            for row, batch in _parquet_rows(partition, files, columns):
                yield check.of_arrow(batch, row)
            return
        typing = column_types(partition.layout.names, data, coded)
        with closing(_csv_body(partition, partition.layout, files, data.encoding)) as body:
            to_the_end = partition.whole or partition.last
            yield from map(check.of_records, read_records(body, partition.layout, typing, to_the_end=to_the_end))
    except (SevenfoldError, UnusualQuotesError) as error:
        yield error


def _parquet_rows(
    partition: Partition, files: TableFiles, columns: Mapping[str, Column]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of a partition, each batch with the number of its first row in the file, from 1."""
    with files.open(partition.file) as stream:
        table = ParquetTable(stream, dictionaries=dictionaries_of(columns), name=partition.name)
        row = partition.start + 1
        for batch in table.rows_between(partition.start, partition.stop, partition.step, columns):
            yield row, batch
            row += len(batch)


def _csv_body(partition: Partition, layout: Layout, files: TableFiles, declared: str) -> Generator[bytes]:
    """Yield the bytes of a partition's records, without the header, in UTF-8; `declared` is the table's encoding."""
    if partition.whole:
        with files.path(partition.file) as path:
            yield from split_header(encoding.utf8_chunks(path, declared), layout.style, path, declared).body
        return
    with files.open(partition.file) as stream:
        yield from _chunks(stream, partition)


def _chunks(stream: BinaryIO, partition: Partition) -> Iterator[bytes]:
    """Yield the bytes of a partition, cut where a reader of the whole file cuts them."""
    at, piece = partition.start, partition.piece
    while at < partition.stop:
        piece = encoding.piece_end(stream, piece, partition.step)
        if piece <= at:
            continue
        stream.seek(at)
        chunk = stream.read(min(piece, partition.stop) - at)
        if not chunk:  # the file has become shorter
            return
        encoding.refuse_nul(chunk, partition.name, at)
        yield chunk
        at += len(chunk)
