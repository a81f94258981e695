"""A Parquet file, batch by batch, with one error for whatever is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from sevenfold.contracts.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetTable"]

BATCH_ROWS: Final = 128_000
PARTITION_ROWS: Final = 4 * BATCH_ROWS  # of a partition, at least


class ParquetTable:
    """An open Parquet file.

    `names` are its columns in order, `schema` has their types too.

    Args:
        file: the file, or a stream of its bytes.
        dictionaries: the columns whose texts come as a dictionary.
        name: of the file in errors, where it is a stream.

    Raises:
        DataError: ``not_parquet``.
    """

    def __init__(self, file: Path | BinaryIO, *, dictionaries: Collection[str] = (), name: str = "") -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = file.name if isinstance(file, Path) else name
        try:
            # buffered ahead, the whole file would lie in memory
            self._file = pq.ParquetFile(file, pre_buffer=False)
            texts = [
                item.name
                for item in self._file.schema_arrow
                if item.name in dictionaries and (pa.types.is_string(item.type) or pa.types.is_large_string(item.type))
            ]
            self._dictionaries = bool(texts)
            if texts:
                self._file = pq.ParquetFile(file, metadata=self._file.metadata, read_dictionary=texts, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._unreadable(error) from error
        self.schema: pa.Schema = self._file.schema_arrow
        self.names: list[str] = list(self.schema.names)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._file.metadata.num_rows)

    @property
    def index_columns(self) -> frozenset[str]:
        """The columns that were the rows' index in pandas."""
        try:
            described = json.loads((self.schema.metadata or {}).get(b"pandas", b"{}"))
            indices = described.get("index_columns", [])
        except (ValueError, AttributeError):
            return frozenset()
        return (
            frozenset(name for name in indices if isinstance(name, str)) if isinstance(indices, list) else frozenset()
        )

    def batches(self, names: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns, at most 128 000 at a time.

        Raises:
            DataError: ``not_parquet``.
        """
        import pyarrow as pa

        try:
            yield from self._file.iter_batches(BATCH_ROWS, columns=[name for name in self.names if name in names])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._unreadable(error) from error

    def cuts(self) -> list[int]:
        """Return the numbers of rows before the first partition, between two, and in all.

        A partition has a row group or more. No batch lies in two partitions, so a partition may have its last rows from
        the row group after its own.
        """
        found = [0]
        for end in self._ends()[:-1]:
            at = -(-end // BATCH_ROWS) * BATCH_ROWS
            if at - found[-1] >= PARTITION_ROWS and at < self.rows:
                found.append(at)
        return [*found, self.rows]

    def rows_between(self, start: int, stop: int, step: int, names: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yield the batches of `batches` that hold the rows from `start` to `stop`, two numbers of `cuts`.

        A batch has `step` rows at most.

        Raises:
            DataError: ``not_parquet``.
        """
        import pyarrow as pa

        ends = self._ends()
        groups = [at for at, end in enumerate(ends) if end > start and (ends[at - 1] if at else 0) < stop]
        if not groups:
            return
        before = ends[groups[0] - 1] if groups[0] else 0
        read: list[pa.RecordBatch] = []
        rows, columns = before, [name for name in self.names if name in names]
        try:
            for batch in self._file.iter_batches(step, row_groups=groups, columns=columns):
                read.append(batch)
                rows += len(batch)
                if rows >= stop:
                    break
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._unreadable(error) from error
        table = pa.Table.from_batches(read)
        del read
        # a dictionary is that of its row group, so a batch with one ends with the group
        places = {*range(start, stop, step), stop}
        places |= {end for end in ends if start < end < stop} if self._dictionaries else set()
        for first, last in pairwise(sorted(places)):
            yield from table.slice(first - before, last - first).unify_dictionaries().combine_chunks().to_batches()

    def _ends(self) -> list[int]:
        """Return the number of rows up to the end of each row group."""
        about = self._file.metadata
        return list(accumulate(about.row_group(at).num_rows for at in range(about.num_row_groups)))

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            "not_parquet",
            f"{self.name} must be a whole Parquet file, but it cannot be read: {str(error)[:120]}",
            remedy="It may have been cut off: fetch it again.",
        )
