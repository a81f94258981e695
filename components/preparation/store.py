"""Where the typed rows wait while the split is drawn and the transform is fitted: a scratch file, read by column.

So memory holds a few chunks of rows or some columns, however long the table is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.preparation.stored_numbers import StoredNumbers
from sevenfold.runtime.ahead import ahead
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.masked import masked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowStore", "SplitWriter", "sort_rows", "write_splits"]

SPLIT_ROWS: Final = 65_536  # rows per group of a split's file


@dataclass(frozen=True)
class _Piece:
    """A column of a batch in the file: the bytes of its values, and of the bits that say which are known, if any."""

    rows: int
    offset: int
    data: int
    known: int


class RowStore:
    """A scratch file of record batches: each column of each batch lies there by itself, so that one is read alone.

    The distinct texts of each batch stay in memory; their codes do not.

    Args:
        path: the file; its folder is the caller's to remove.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.schema: pa.Schema | None = None
        self._stream = path.open("w+b")
        self._texts: dict[str, list[pa.Array]] = {}
        self._pieces: dict[str, list[_Piece]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Append a batch; all have one schema."""
        import pyarrow as pa

        if not len(batch):
            return
        if self.schema is None:
            self.schema = batch.schema
            self._texts = {item.name: [] for item in batch.schema if pa.types.is_dictionary(item.type)}
            self._pieces = {item.name: [] for item in batch.schema}
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            plain = values
            if name in self._texts:
                self._texts[name].append(_same(values.dictionary, self._texts[name]))
                plain = values.indices
            self._pieces[name].append(self._written(plain))
        self.rows += len(batch)

    def column(self, name: str) -> ColumnChunks:
        """Return a column of all rows, a chunk per batch."""
        kind = self.schema.field(name).type  # type: ignore[union-attr]
        if name not in self._texts:
            return ColumnChunks(kind, self.rows, partial(self._plain, name))
        return ColumnChunks(kind, self.rows, partial(self._coded_alike, name))

    def numbers(self, name: str) -> StoredNumbers:
        """Return a column of numbers or moments of which none is missing, still in the file."""
        import pyarrow as pa

        kind = np.float64 if pa.types.is_floating(self.schema.field(name).type) else np.int64  # type: ignore[union-attr]
        pieces = self._pieces[name]
        offsets, rows = [piece.offset for piece in pieces], [piece.rows for piece in pieces]
        return StoredNumbers(self._stream.fileno(), kind, offsets, rows)

    def _plain(self, name: str) -> Iterator[pa.Array]:
        return (self._values(name, at) for at in range(len(self._pieces[name])))

    def _coded_alike(self, name: str) -> Iterator[pa.DictionaryArray]:
        """Yield the batches of a column of texts with codes of one dictionary, in the order of the first of each."""
        import pyarrow as pa

        texts = self._texts[name]
        if (shared := self._shared(name)) is not None:
            for at in range(len(texts)):
                yield pa.DictionaryArray.from_arrays(self._values(name, at), shared, safe=False)
            return
        own = [pa.DictionaryArray.from_arrays(masked(np.arange(len(some), dtype=np.int32)), some) for some in texts]
        for at, alike in enumerate(pa.chunked_array(own).unify_dictionaries().chunks):
            codes = self._values(name, at)
            yield pa.DictionaryArray.from_arrays(alike.indices.take(codes), alike.dictionary)

    def _shared(self, name: str) -> pa.Array | None:
        """Return the dictionary that the codes of all batches are of, None where there is none."""
        texts = self._texts[name]
        longest = texts[-1]
        alike = all(some is longest or longest[: len(some)].equals(some) for some in texts)
        return longest if alike else None

    def flush(self) -> None:
        """Make the rows so far readable, also by several threads at once."""
        self._stream.flush()

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns of the rows again as they were added, batch by batch."""
        import pyarrow as pa

        shared = {name: self._shared(name) for name in names if name in self._texts}
        for at in range(len(next(iter(self._pieces.values()), ()))):
            yield pa.RecordBatch.from_arrays([self._read(name, at, shared.get(name)) for name in names], list(names))

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()

    def _read(self, name: str, at: int, shared: pa.Array | None) -> pa.Array:
        import pyarrow as pa

        values = self._values(name, at)
        if name not in self._texts:
            return values
        return pa.DictionaryArray.from_arrays(values, self._texts[name][at] if shared is None else shared, safe=False)

    def _values(self, name: str, at: int) -> pa.Array:
        """Return the values of a column in a batch, of texts their codes."""
        import pyarrow as pa

        piece = self._pieces[name][at]
        kind = pa.int32() if name in self._texts else self.schema.field(name).type  # type: ignore[union-attr]
        buffer = pa.py_buffer(os.pread(self._stream.fileno(), piece.data + piece.known, piece.offset))
        known = buffer.slice(piece.data) if piece.known else None
        return pa.Array.from_buffers(kind, piece.rows, [known, buffer.slice(0, piece.data)])

    def _written(self, values: pa.Array) -> _Piece:
        import pyarrow as pa

        if values.offset:
            values = pa.concat_arrays([values, values[:0]])  # a copy that begins with its first value
        rows, (bits, data), offset = len(values), values.buffers(), self._stream.tell()
        size = -(-rows * values.type.bit_width // 8)
        self._stream.write(memoryview(data)[:size])
        known = -(-rows // 8) if values.null_count else 0
        self._stream.write(memoryview(bits)[:known] if known else b"")
        return _Piece(rows, offset, size, known)


class SplitWriter:
    """Writes the rows of one side of the split, in groups of equal size, with settings that always give equal bytes.

    Args:
        path: the Parquet file.
        schema: the schema of what is written; dictionaries are stored as plain strings that are dictionary-encoded.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = [item.name for item in schema if pa.types.is_integer(item.type) or pa.types.is_timestamp(item.type)]
        self.rows = 0
        self._schema = schema
        self._texts = _texts(schema)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._writer = pq.ParquetWriter(
            path,
            schema,
            version="2.6",
            compression="snappy",
            use_dictionary=self._texts,
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),  # fewer bytes and less time than values
            store_schema=False,
            # smallest and largest values are of no use here and would be sensitive ones, too
            write_statistics=False,
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

    def add(self, rows: pa.RecordBatch) -> None:
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
        self._waiting, self._waiting_rows = rest.to_batches(), len(rest)

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

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows, row_group_size=SPLIT_ROWS)


def write_splits(
    store: RowStore, sides: NDArray[np.int8], paths: Sequence[Path], schema: pa.Schema, on_rows: Callable[[int], None]
) -> list[int]:
    """Write each row of the store to the file of its side, in the order of the table, and return the rows of each.

    `on_rows` is called with the number of rows so far.
    """
    import contextlib

    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(SplitWriter(path, schema)) for path in paths]
        for side, rows in ahead(_by_side(store, sides, len(paths), schema)):
            writers[side].add(rows)
            on_rows(sum(writer.rows for writer in writers))
    return [writer.rows for writer in writers]


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


def _same(texts: pa.Array, before: Sequence[pa.Array]) -> pa.Array:
    """Return the last of some dictionaries where it has the same texts, so that memory holds them once."""
    return before[-1] if before and before[-1].equals(texts) else texts


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
        for batch in rows.take(order).cast(schema).to_batches():
            writer.add(batch)
