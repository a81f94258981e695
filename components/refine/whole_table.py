"""Read a whole table: part by part, so that no more is held beside it than a part of its file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Codes, Column
from sevenfold.refine.import_parts import read_parts
from sevenfold.refine.table import Table

__all__ = ["joined", "read_table"]


def read_table(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Table:
    """Read a CSV file, or a Parquet file whose values become the texts that a CSV of them holds.

    Raises:
        DataError: ``missing_file``, ``encoding``, and what `read_parts` and `import_csv` raise.
    """
    if not path.is_file():
        raise DataError("missing_file", f"TABLE must be a file, but {path} is none.", remedy="Check the path.")
    return joined(read_parts(path, delimiter, encoding))


def joined(parts: Iterable[Table]) -> Table:
    """Return the rows of several tables of texts, at least one, under the columns of the widest.

    A table without one of them has nulls there.
    """
    tables = list(parts)
    if len(tables) == 1:
        return tables[0]
    names = max((table.names for table in tables), key=len)
    heights = [table.height for table in tables]
    held = [{column.name: column for column in table.columns} for table in tables]
    del tables
    columns = [_joined(name, [columns.pop(name, None) for columns in held], heights) for name in names]
    return Table.of(columns, sum(heights))


def _joined(name: str, parts: Sequence[Column | None], heights: Sequence[int]) -> Column:
    """Return one column of several, its values in the order in which they come first."""
    index: dict[str | None, int] = {}
    codes: list[Codes] = []
    for part, height in zip(parts, heights, strict=True):
        values = [None] if part is None else part.values
        table = np.fromiter((index.setdefault(value, len(index)) for value in values), np.uint32, len(values))
        codes.append(np.full(height, table[0]) if part is None else table[part.codes])
    return Column(name, np.concatenate(codes), list(index))
