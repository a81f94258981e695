"""The columns of a batch of a table, each parsed as its kind: from the records of a CSV file, or from Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.plan.data import DataSection
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.parse import parse_floats, parse_texts
from sevenfold.tables.parsed import Parsed, arrow_type, with_limits
from sevenfold.tables.records import Records, Typing

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["ArrowColumns", "ColumnParser", "CsvColumns", "TextOf", "column_types", "dictionaries_of"]

TextOf = Callable[[int], str]  # the text of a row, to be shown in an error or in the quarantine
ColumnParser = Callable[[str, Column], tuple[Parsed, TextOf]]


class CsvColumns:
    """The columns of some records: numbers as the CSV reader parsed them where they are in order, else their texts.

    `by_code` names those of categories whose values came with codes of the dictionary of all batches.

    Args:
        records: as `column_types` has them read.
        data: what the file is.
        coded: the columns of categories.
    """

    def __init__(self, records: Records, data: DataSection, coded: Mapping[str, CodedColumn]) -> None:
        self._notation = data.notation
        self._coded = coded
        self._records = records
        self._frame: pl.DataFrame | None = None
        self._physical: pl.DataFrame | None = None
        self.by_code: set[str] = set()

    def parsed(self, name: str, column: Column) -> tuple[Parsed, TextOf]:
        """Return the values of a column and what is wrong with some, and how to see the text of a row."""

        def text_of(row: int) -> str:
            return str(self._texts(name)[row])

        typed = self._records.typed
        if typed is not None and typed[name].dtype.is_numeric():
            numbers = parse_floats(typed[name], column, self._notation)
            if numbers is not None:
                return numbers, text_of
        if typed is not None and name in self._coded:
            texts = self._coded[name].of_categories(typed[name], self._numbers(typed, name))
            if texts is not None:
                self.by_code.add(name)
                return with_limits(texts, column), text_of
        return parse_texts(self._texts(name), column, self._notation), text_of

    def _numbers(self, typed: pl.DataFrame, name: str) -> pa.Array:
        """Return the numbers of a column's categories; those of all columns are taken at once, at the cost of one."""
        import polars as pl

        if self._physical is None:
            self._physical = typed.select(pl.col(*self._coded).to_physical())
        return self._physical[name].to_arrow()

    def _texts(self, name: str) -> pl.Series:
        typed = self._records.typed
        if typed is not None and not typed[name].dtype.is_numeric():
            return typed[name]
        if self._frame is None:
            self._frame = self._records.texts()
        return self._frame[name]


def column_types(names: Sequence[str], data: DataSection, coded: Mapping[str, CodedColumn]) -> Typing:
    """Return how the CSV reader is to read columns; `coded` are those of categories."""
    plain = data.decimal == "." and not data.thousands
    return Typing(
        lambda: {
            name: coded[name].polars_type() if name in coded else _read_as(data.columns[name], plain=plain)
            for name in names
        },
        tuple(token for token in data.missing if token),
    )


def _read_as(column: Column, *, plain: bool) -> Any:
    """Return the Polars type that the CSV reader reads a column as; `plain` says that it reads its numbers, too."""
    import polars as pl

    if column.kind in (Kind.CATEGORY, Kind.BOOLEAN):
        return pl.Categorical(pl.Categories.random())  # those of one batch alone: they go with it
    if column.symbols or not plain:
        return pl.String
    return {Kind.NUMBER: pl.Float64, Kind.INTEGER: pl.Int64}.get(column.kind, pl.String)


class ArrowColumns:
    """The columns of a batch of a Parquet file; `coded` are those of categories, `by_code` as in `CsvColumns`."""

    def __init__(self, batch: pa.RecordBatch, data: DataSection, coded: Mapping[str, CodedColumn]) -> None:
        self._batch, self._notation, self._coded = batch, data.notation, coded
        self.by_code: set[str] = set()

    def parsed(self, name: str, column: Column) -> tuple[Parsed, TextOf]:
        """Return the values of a column and what is wrong with some, and how to see the text of a row."""
        import pyarrow as pa

        values = self._batch.column(name)
        if name in self._coded and pa.types.is_dictionary(values.type) and pa.types.is_string(values.type.value_type):
            texts = self._coded[name].of_dictionary(values)
            if texts is not None:
                self.by_code.add(name)
                return with_limits(texts, column), lambda row: str(values[row].as_py())
        try:
            read = parse_arrow(values, column, self._notation, name)
        except DataError:
            if column.role not in (Role.IGNORE, Role.IDENTIFIER):
                raise
            read = Parsed(pa.nulls(len(values), arrow_type(column.kind)))  # lists and the like, which nothing needs
        return read, lambda row: str(values[row].as_py())


def dictionaries_of(columns: Mapping[str, Column]) -> list[str]:
    """Return the columns whose texts are best read from Parquet as a dictionary."""
    return [name for name, column in columns.items() if column.kind in (Kind.CATEGORY, Kind.BOOLEAN)]
