"""Where the typed rows wait while the split is drawn and the transform is fitted: a scratch file, read by column.

So memory holds one chunk of rows or one column, however long the table is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowStore", "SplitWriter", "sort_rows", "write_splits"]

SPLIT_ROWS: Final = 65_536  # rows per group of a split's file


class RowStore:
    """A scratch Parquet file of record batches.

    Args:
        path: the file; its folder is the caller's to remove.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.schema: pa.Schema | None = None
        self._writer: Any = None
        self._file: Any = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Append a batch; all have one schema."""
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self.path,
                batch.schema,
                compression="none",
                use_dictionary=_texts(batch.schema),
                write_statistics=False,
            )
            self.schema = batch.schema
        if len(batch):
            self._writer.write_batch(batch, row_group_size=len(batch))
            self.rows += len(batch)

    def finish(self) -> None:
        """Close the file for writing; the columns can be read from now on."""
        import pyarrow.parquet as pq

        self._writer.close()
        texts = _texts(self.schema)
        self._writer = None
        self._file = pq.ParquetFile(self.path, read_dictionary=texts)

    def column(self, name: str) -> pa.Array:
        """Return a column of all rows as one array."""
        import pyarrow as pa

        chunked = self._file.read(columns=[name], use_threads=False).column(0)
        if pa.types.is_dictionary(chunked.type):
            chunked = chunked.unify_dictionaries()
        return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)

    def batches(self) -> Iterator[pa.Table]:
        """Yield the rows again as they were added, group by group."""
        for group in range(self._file.num_row_groups):
            yield self._file.read_row_group(group, use_threads=False)

    def close(self) -> None:
        """Let the file go."""
        for handle in (self._writer, self._file):
            if handle is not None:
                handle.close()
        self._writer = self._file = None


class SplitWriter:
    """Writes the rows of one side of the split, in groups of equal size, with settings that always give equal bytes.

    Args:
        path: the Parquet file.
        schema: the schema of what is written; dictionaries are stored as plain strings that are dictionary-encoded.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self.rows = 0
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._writer = pq.ParquetWriter(
            path,
            schema,
            version="2.6",
            compression="snappy",
            use_dictionary=_texts(schema),
            store_schema=False,
            write_page_checksum=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._waiting_rows:
            self._write(self._joined())
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Append rows."""
        if not len(rows):
            return
        self._waiting.append(rows)
        self._waiting_rows += len(rows)
        self.rows += len(rows)
        if self._waiting_rows < SPLIT_ROWS:
            return
        joined = self._joined()
        whole = len(joined) // SPLIT_ROWS * SPLIT_ROWS
        self._write(joined.slice(0, whole))
        rest = joined.slice(whole)
        self._waiting, self._waiting_rows = ([rest] if len(rest) else []), len(rest)

    def _joined(self) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows, row_group_size=SPLIT_ROWS)


def write_splits(store: RowStore, sides: NDArray[np.int8], paths: Sequence[Path], schema: pa.Schema) -> list[int]:
    """Write each row of the store to the file of its side, in the order of the table, and return the rows of each."""
    import contextlib

    import pyarrow as pa

    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(SplitWriter(path, schema)) for path in paths]
        start = 0
        for group in store.batches():
            rows = group.select(schema.names)
            part = sides[start : start + len(rows)]
            start += len(rows)
            for side, writer in enumerate(writers):
                mask = part == side
                if mask.all():
                    writer.add(rows)
                elif mask.any():
                    writer.add(rows.filter(pa.array(mask)))
    return [writer.rows for writer in writers]


def _texts(schema: pa.Schema) -> list[str]:
    import pyarrow as pa

    return [item.name for item in schema if pa.types.is_dictionary(item.type) or pa.types.is_string(item.type)]


def sort_rows(path: Path, keys: NDArray[Any], schema: pa.Schema) -> None:
    """Write a split's file again in the order of `keys`, equal ones as they stand, unless they are in order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (np.diff(keys) < 0).any():
        return
    rows = pq.read_table(path, read_dictionary=_texts(schema), use_threads=False)
    path.unlink()
    with SplitWriter(path, schema) as writer:
        order = pa.array(np.argsort(keys, kind="stable"))
        writer.add(rows.take(order).cast(schema))
