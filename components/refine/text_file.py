"""Write the parts of a refined table as a Parquet file of texts, and remember which raw row each row comes from."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.refine.cell_text import cell_text
from sevenfold.refine.columns import Column
from sevenfold.refine.raw_parts import RawParts
from sevenfold.refine.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowOrigins", "TextFile"]


class RowOrigins:
    """Of each refined row the number of its raw row, from 0, and -1 of one that a step added.

    Where rows stay in order, one bit is kept for each raw row.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[int, int, NDArray[Any]]] = []  # first raw row, raw rows, bits; or rows alone, with -1

    def add(self, begin: int, height: int, sources: NDArray[np.intp]) -> None:
        """Append the rows of a part, numbered in it, which is made of `height` raw rows from `begin` on."""
        if len(sources) and (sources[0] < 0 or not np.all(np.diff(sources) > 0)):
            self._parts.append((begin, -1, np.where(sources < 0, -1, sources + begin)))
            return
        kept = np.zeros(height, dtype=np.bool_)
        kept[sources] = True
        self._parts.append((begin, height, np.packbits(kept)))

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """The numbers, one per refined row."""
        each = [
            rows if height < 0 else begin + np.flatnonzero(np.unpackbits(rows, count=height))
            for begin, height, rows in self._parts
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *each])


class TextFile:
    """Takes the refined parts of a raw table, and leaves out the rows whose cells are all null.

    Args:
        path: the file, written as a Parquet file of texts in dictionaries.
        raw: the parts that come in, so that rows are known by their origin.
        decimal: the sign in numbers that steps made.
    """

    def __init__(self, path: Path, raw: RawParts, decimal: str) -> None:
        self._path, self._raw, self._decimal = path, raw, decimal
        self._writer: Any = None
        self.begin()

    def begin(self) -> None:
        """Forget what was written."""
        self._close()
        self.rows, self.origins = 0, RowOrigins()

    def learn(self, table: Table) -> bool:
        """Return False: no part changes how those before it are written."""
        return False

    def write(self, table: Table) -> None:
        """Write a part."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = _without_empty(table)
        self.origins.add(self._raw.begin, self._raw.height, table.from_rows)
        self.rows += table.height
        texts = pa.table([_texts(column, self._decimal) for column in table.columns], names=table.names)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, texts.schema, compression="none", write_statistics=False)
        self._writer.write_table(texts)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def __enter__(self) -> TextFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()


def _without_empty(table: Table) -> Table:
    """Return the rows that an export has: not those whose cells are all null."""
    filled = np.zeros(table.height, dtype=np.bool_)
    for column in table.columns:
        filled |= ~column.null()
    return table if filled.all() else table.take(filled)


def _texts(column: Column, decimal: str) -> pa.DictionaryArray:
    import pyarrow as pa

    index: dict[str, int] = {}
    codes = [index.setdefault(cell_text(value, decimal), len(index)) for value in column.values]
    taken = np.array(codes or [0], dtype=np.int32)[column.codes]
    return pa.DictionaryArray.from_arrays(pa.array(taken), pa.array(list(index), pa.string()))
