"""Write a refined table: a CSV as OpenRefine exports it, or Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column
from sevenfold.refine.export_csv import csv_lines, exported_text
from sevenfold.refine.table import Table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMATS", "check_format", "write_table"]

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
    check_format(path)
    if path.suffix.lower() == ".csv":
        write_whole(path, "".join(csv_lines(table, decimal)).encode())
        return
    import io

    buffer = io.BytesIO()
    _frame(table).write_parquet(buffer)
    write_whole(path, buffer.getvalue())


def check_format(path: Path) -> None:
    """Refuse a file name whose ending names no format.

    Raises:
        DataError: ``refine_out``.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(
            "refine_out", f"--out must end in .csv or .parquet, but got {path.name!r}.", remedy="Rename it."
        )


def _frame(table: Table) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame([_series(column) for column in table.columns])


def _series(column: Column) -> pl.Series:
    import polars as pl

    used = column.used().tolist()
    kinds: dict[type, Any] = {
        int: pl.Int64(),
        float: pl.Float64(),
        bool: pl.Boolean(),
        datetime: pl.Datetime("us", "UTC"),
    }
    types = {type(column.values[code]) for code in used} - {type(None)}
    if types == {int, float} and all(abs(column.values[code] or 0) <= EXACT for code in used):
        types = {float}
    kind: Any = kinds.get(types.pop()) if len(types) == 1 else None
    values: list[Any] = [None] * len(column.values)
    for code in used:
        value = column.values[code]
        if kind is None:
            values[code] = None if value is None else exported_text(value)
        else:
            values[code] = _typed(value, kind)
    return pl.Series(column.name, values, dtype=kind or pl.String()).gather(column.codes)


def _typed(value: Any, kind: Any) -> Any:
    import polars as pl

    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return float(value) if value is not None and kind == pl.Float64() else value
