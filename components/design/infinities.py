"""Infinite numbers: bad values where they are few, missing ones where they are more than a plan may refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Kind
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable

if TYPE_CHECKING:
    import polars as pl

__all__ = ["INFINITE", "infinities_as_missing"]

INFINITE: Final = ("-inf", "inf")
_INFINITE: Final = r"^[+-]?(?i:inf|infinity)$"


def infinities_as_missing(table: TypedTable, limit: float) -> TypedTable:
    """Return the table with infinite numbers as missing values, where a column has too many to refuse their rows.

    They stay bad values where a column of texts holds one of `INFINITE`, which would be missing there too.

    Args:
        table: a table that was read without a plan.
        limit: the largest share of bad rows.
    """
    columns = table.columns.values()
    many = limit * (table.rows + table.refused)
    if not any(_infinite(column).sum() > many for column in columns) or any(map(_holds_one, columns)):
        return table
    tokens = {token for token in table.notation.missing if token} | set(INFINITE)
    return replace(
        table,
        notation=replace(table.notation, missing=("", *sorted(tokens))),
        columns={name: _without(column) for name, column in table.columns.items()},
    )


def _infinite(column: TypedColumn) -> pl.Series:
    """Return which faults of a column are infinite numbers."""
    return (column.faults["code"] == "nonfinite") & column.faults["text"].str.contains(_INFINITE)


def _holds_one(column: TypedColumn) -> bool:
    return column.levels is not None and bool(column.levels["value"].is_in(list(INFINITE)).any())


def _without(column: TypedColumn) -> TypedColumn:
    return replace(column, faults=column.faults.filter(~_infinite(column))) if column.kind is Kind.NUMBER else column
