"""A column in chunks that can be read again and again, so that memory holds one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.masked import joined_numbers

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ColumnChunks"]


class ColumnChunks:
    """A column of Arrow arrays of one type, which dictionaries share.

    Args:
        kind: the type.
        rows: how many values all chunks have together.
        read: returns the chunks from the first one on, each time that it is called.
    """

    def __init__(self, kind: pa.DataType, rows: int, read: Callable[[], Iterable[pa.Array]]) -> None:
        self.kind = kind
        self._rows = rows
        self._read = read

    @classmethod
    def of(cls, values: pa.Array) -> Self:
        """Return a column that memory holds already."""
        return cls(values.type, len(values), lambda: (values,))

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[pa.Array]:
        return iter(self._read())

    def spans(self) -> Iterator[tuple[slice, pa.Array]]:
        """Yield each chunk after the rows that it has."""
        start = 0
        for chunk in self:
            yield slice(start, start + len(chunk)), chunk
            start += len(chunk)

    def take(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the values of some rows, which must be in ascending order."""
        import pyarrow as pa

        taken, done = [], 0
        for span, chunk in self.spans():
            until = int(np.searchsorted(rows, span.stop))
            taken.append(chunk.take(pa.array(rows[done:until] - span.start)))
            done = until
        return _joined(taken, self.kind)

    def whole(self) -> pa.Array:
        """Return all values as one array."""
        import pyarrow as pa

        kind = self.kind
        if self._rows and (pa.types.is_int64(kind) or pa.types.is_float64(kind) or pa.types.is_timestamp(kind)):
            return joined_numbers(self, self._rows, kind)
        return _joined(list(self), kind)


def _joined(chunks: list[pa.Array], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if len(chunks) == 1:
        return chunks[0]
    joined = pa.chunked_array(chunks, kind).combine_chunks()
    return joined if isinstance(joined, pa.Array) else joined.chunk(0)
