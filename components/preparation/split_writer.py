"""Writes the rows of a store to the Parquet files of the splits: equal rows give equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.preparation.store import RowStore
from sevenfold.runtime.ahead import ahead

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SplitWriter", "sort_rows", "write_splits"]

SPLIT_ROWS: Final = 65_536  # rows per group of a split's files


class SplitWriter:
    """Writes the rows of one side of the split, in groups of equal size, with settings that always give equal bytes.

    Args:
        folder: where the files go.
        files: the names of the files, each with the rows that go there, in the order of the rows.
        schema: the schema of what is written; dictionaries are stored as plain strings that are dictionary-encoded.
    """

    def __init__(self, folder: Path, files: Mapping[str, int], schema: pa.Schema) -> None:
        self.rows = 0
        self._folder = folder
        self._files = iter(files.items())
        self._schema = schema
        self._texts = _texts(schema)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._waiting_rows:
            self._write(self._joined(), last=True)
        self._writer.close()

    def add(self, rows: pa.RecordBatch) -> None:
        """Append rows, not more in all than the files are for."""
        if not len(rows):
            return
        self._waiting.append(rows)
        self._waiting_rows += len(rows)
        self.rows += len(rows)
        if self._waiting_rows >= min(SPLIT_ROWS, self._room):
            rest = self._write(self._joined(), last=False)
            self._waiting, self._waiting_rows = rest.to_batches(), len(rest)

    def _begin(self) -> None:
        """Begin the next file."""
        import pyarrow.parquet as pq

        name, self._room = next(self._files)
        self._writer = pq.ParquetWriter(
            self._folder / name,
            self._schema,
            version="2.6",
            compression="snappy",
            use_dictionary=self._texts,
            column_encoding=_of_whole_numbers(self._schema),
            store_schema=False,
            # smallest and largest values are of no use here and would be sensitive ones, too
            write_statistics=False,
            write_page_checksum=False,
            write_batch_size=SPLIT_ROWS,  # a call for each group and not for each thousand rows, for the same bytes
        )

    def _joined(self) -> pa.Table:
        """Return the waiting rows as one table.

        Texts too long for a dictionary fill pages from the start of a chunk on, so theirs are one chunk. Numbers fill
        one page per group, however they come, and are not copied.
        """
        import pyarrow as pa

        joined = pa.Table.from_batches(self._waiting).unify_dictionaries()
        for name in self._texts:
            at = joined.schema.get_field_index(name)
            joined = joined.set_column(at, joined.schema.field(at), joined.column(at).combine_chunks())
        return joined

    def _write(self, rows: pa.Table, *, last: bool) -> pa.Table:
        """Write rows in whole groups, and return those that fill none yet; the last ones need not."""
        while len(rows):
            if not self._room:
                self._writer.close()
                self._begin()
            group = min(SPLIT_ROWS, self._room)
            if len(rows) < group and not last:
                break
            written = rows.slice(0, group)
            self._writer.write_table(written, row_group_size=SPLIT_ROWS)
            self._room -= len(written)
            rows = rows.slice(len(written))
        return rows


def write_splits(
    store: RowStore,
    sides: NDArray[np.int8],
    folder: Path,
    files: Sequence[Mapping[str, int]],
    schema: pa.Schema,
    on_rows: Callable[[int], None],
) -> None:
    """Write each row of the store to the files of its side, in the order of the table.

    `files` has the names of each side's files with their rows. `on_rows` is called with the number of rows so far.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(SplitWriter(folder, some, schema)) for some in files]
        for side, rows in ahead(_by_side(store, sides, len(files), schema)):
            writers[side].add(rows)
            on_rows(sum(writer.rows for writer in writers))


def _by_side(
    store: RowStore, sides: NDArray[np.int8], count: int, schema: pa.Schema
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of the store with the side that they go to, in the order of the table."""
    import pyarrow as pa

    start = 0
    for batch in store.batches(schema.names):
        # a whole number that is to be predicted is stored as a float
        rows = batch if batch.schema.types == schema.types else batch.cast(schema)
        part = sides[start : start + len(rows)]
        start += len(rows)
        for side in range(count):
            mask = part == side
            if mask.all():
                yield side, rows
            elif mask.any():
                yield side, rows.filter(pa.array(mask))


def _of_whole_numbers(schema: pa.Schema) -> dict[str, str]:
    """Return the encoding of whole numbers and moments: differences take fewer bytes and less time than values."""
    import pyarrow as pa

    whole = (item.name for item in schema if pa.types.is_integer(item.type) or pa.types.is_timestamp(item.type))
    return dict.fromkeys(whole, "DELTA_BINARY_PACKED")


def _texts(schema: pa.Schema) -> list[str]:
    import pyarrow as pa

    return [item.name for item in schema if pa.types.is_dictionary(item.type) or pa.types.is_string(item.type)]


def sort_rows(folder: Path, files: Mapping[str, int], keys: NDArray[Any], schema: pa.Schema) -> None:
    """Write a split's files again in the order of `keys`, equal ones as they stand, unless they are in order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (np.diff(keys) < 0).any():
        return
    texts = _texts(schema)
    rows = pa.concat_tables([pq.read_table(folder / name, read_dictionary=texts, use_threads=False) for name in files])
    for name in files:
        (folder / name).unlink()
    with SplitWriter(folder, files, schema) as writer:
        order = pa.array(np.argsort(keys, kind="stable"))
        for batch in rows.take(order).cast(schema).to_batches():
            writer.add(batch)
