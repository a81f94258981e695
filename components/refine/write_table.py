"""Write a refined table, whole or in parts: a CSV as OpenRefine exports it, or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sevenfold.contracts.canonical import written_whole
from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column
from sevenfold.refine.export_csv import csv_lines, exported_text
from sevenfold.refine.table import Table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMATS", "TableFile", "check_format", "table_file", "write_table"]

FORMATS = (".csv", ".parquet")
EXACT = 2**53  # the largest whole number up to which a double holds every one


def write_table(table: Table, path: Path, decimal: str = ".") -> None:
    """Write a table whole or not at all, in the format that the name of the file ends in.

    In Parquet a column of one type keeps it (Int64, Float64, Boolean, String, Datetime in UTC with microseconds), and
    whole numbers beside others become Float64 where none is beyond 2^53; any other mixture holds the texts of the CSV.
    The empty text stays one, and null stays null. `decimal` is the sign that a CSV has in numbers that steps made.

    Raises:
        DataError: ``refine_out`` for another ending.
    """
    with table_file(path, decimal) as file:
        file.learn(table)
        file.write(table)


@contextmanager
def table_file(path: Path, decimal: str = ".") -> Iterator[TableFile]:
    """Give what takes the parts of a table for `write_table`; the file is there when all of them are.

    Raises:
        DataError: ``refine_out``.
    """
    check_format(path)
    with written_whole(path) as temporary:
        file = _Csv(temporary, decimal) if path.suffix.lower() == ".csv" else _Parquet(temporary)
        try:
            file.begin()
            yield file
        finally:
            file.close()


def check_format(path: Path) -> None:
    """Refuse a file name whose ending names no format.

    Raises:
        DataError: ``refine_out``.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(
            "refine_out", f"--out must end in .csv or .parquet, but got {path.name!r}.", remedy="Rename it."
        )


class _Csv:
    """A CSV that is being written; `rows` and `columns` are those of the table so far."""

    def __init__(self, path: Path, decimal: str) -> None:
        self._stream: IO[str] = path.open("w", encoding="utf-8", newline="")
        self._decimal = decimal
        self.rows = self.columns = 0

    def begin(self) -> None:
        """Forget what was written."""
        self._stream.seek(0)
        self._stream.truncate()
        self._header = True
        self.rows = self.columns = 0

    def learn(self, table: Table) -> bool:
        """Return False: no part changes how those before it are written."""
        return False

    def write(self, table: Table) -> None:
        """Write a part."""
        self._stream.writelines(csv_lines(table, self._decimal, header=self._header))
        self._header = False
        self.rows, self.columns = self.rows + table.height, len(table.columns)

    def close(self) -> None:
        """End the file."""
        self._stream.close()


class _Parquet:
    """A Parquet file that is being written; a column's type follows from the cells of all parts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kinds: dict[str, _Kind] = {}
        self._writer: Any = None
        self.rows = self.columns = 0

    def begin(self) -> None:
        """Forget what was written, but not the kinds of cells."""
        self.close()
        self.rows = self.columns = 0

    def learn(self, table: Table) -> bool:
        """Note the kinds of a part's cells; return whether a column of the parts before has another type now."""
        before = {name: kind.dtype for name, kind in self._kinds.items()}
        for column in table.columns:
            self._kinds[column.name] = self._kinds.get(column.name, _Kind()) | _kind(column)
        return any(self._kinds[name].dtype != dtype for name, dtype in before.items())

    def write(self, table: Table) -> None:
        """Write a part whose kinds are known."""
        import polars as pl
        import pyarrow.parquet as pq

        frame = pl.DataFrame([_series(column, self._kinds[column.name]) for column in table.columns]).to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, frame.schema, compression="zstd")
        self._writer.write_table(frame)
        self.rows, self.columns = self.rows + table.height, len(table.columns)

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


TableFile = _Csv | _Parquet


@dataclass(frozen=True)
class _Kind:
    """The types of a column's cells that are not null, and whether doubles hold all its numbers."""

    types: frozenset[type] = frozenset()
    exact: bool = True

    def __or__(self, other: _Kind) -> _Kind:
        return _Kind(self.types | other.types, self.exact and other.exact)

    @property
    def dtype(self) -> Any:
        """The type of the column in Polars."""
        import polars as pl

        kinds: dict[frozenset[type], Any] = {
            frozenset((int,)): pl.Int64(),
            frozenset((float,)): pl.Float64(),
            frozenset((bool,)): pl.Boolean(),
            frozenset((datetime,)): pl.Datetime("us", "UTC"),
        }
        if self.types == {int, float} and self.exact:
            return pl.Float64()
        return kinds.get(self.types, pl.String())


def _kind(column: Column) -> _Kind:
    used = [column.values[code] for code in column.used().tolist()]
    exact = all(abs(value) <= EXACT for value in used if type(value) is int)
    return _Kind(frozenset(map(type, used)) - {type(None)}, exact)


def _series(column: Column, kind: _Kind) -> pl.Series:
    import polars as pl

    dtype = kind.dtype
    values: list[Any] = [None] * len(column.values)
    for code in column.used().tolist():
        value = column.values[code]
        if dtype == pl.String():
            values[code] = None if value is None else exported_text(value)
        else:
            values[code] = _typed(value, dtype)
    return pl.Series(column.name, values, dtype=dtype).gather(column.codes)


def _typed(value: Any, dtype: Any) -> Any:
    import polars as pl

    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return float(value) if value is not None and dtype == pl.Float64() else value
