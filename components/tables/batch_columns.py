"""The columns of a batch of a table, each parsed as its kind: from the records of a CSV file, or from Parquet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.plan.data import DataSection
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.parse import parse_floats, parse_texts
from sevenfold.tables.parsed import Parsed, arrow_type
from sevenfold.tables.records import Records

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["ArrowColumns", "ColumnParser", "CsvColumns", "TextOf"]

TextOf = Callable[[int], str]  # the text of a row, to be shown in an error or in the quarantine
ColumnParser = Callable[[str, Column], tuple[Parsed, TextOf]]


class CsvColumns:
    """The columns of some records: numbers as the CSV reader parsed them where they are in order, else their texts."""

    def __init__(self, records: Records, names: list[str], data: DataSection) -> None:
        import polars as pl

        self._notation = data.notation
        plain = data.decimal == "." and not data.thousands
        kinds = {Kind.NUMBER: pl.Float64, Kind.INTEGER: pl.Int64} if plain else {}
        columns = {name: data.columns[name] for name in names}
        self._schema: dict[str, Any] = {
            name: pl.String if column.symbols else kinds.get(column.kind, pl.String) for name, column in columns.items()
        }
        self._records = records
        self._typed = records.typed(self._schema, tuple(token for token in data.missing if token))
        self._frame: pl.DataFrame | None = None

    def parsed(self, name: str, column: Column) -> tuple[Parsed, TextOf]:
        """Return the values of a column and what is wrong with some, and how to see the text of a row."""
        import polars as pl

        def text_of(row: int) -> str:
            return str(self._texts(name)[row])

        if self._typed is not None and self._schema[name] != pl.String:
            numbers = parse_floats(self._typed[name], column, self._notation)
            if numbers is not None:
                return numbers, text_of
        return parse_texts(self._texts(name), column, self._notation), text_of

    def _texts(self, name: str) -> pl.Series:
        import polars as pl

        if self._typed is not None and self._schema[name] == pl.String:
            return self._typed[name]
        if self._frame is None:
            self._frame = self._records.texts()
        return self._frame[name]


class ArrowColumns:
    """The columns of a batch of a Parquet file."""

    def __init__(self, batch: pa.RecordBatch, data: DataSection) -> None:
        self._batch, self._notation = batch, data.notation

    def parsed(self, name: str, column: Column) -> tuple[Parsed, TextOf]:
        """Return the values of a column and what is wrong with some, and how to see the text of a row."""
        import pyarrow as pa

        values = self._batch.column(name)
        try:
            read = parse_arrow(values, column, self._notation, name)
        except DataError:
            if column.role not in (Role.IGNORE, Role.IDENTIFIER):
                raise
            read = Parsed(pa.nulls(len(values), arrow_type(column.kind)))  # lists and the like, which nothing needs
        return read, lambda row: str(values[row].as_py())
