"""The steps that remove, rename, move and reorder columns."""

from __future__ import annotations

from typing import Literal

from sevenfold.refine.step import Step, refused
from sevenfold.refine.table import Table

__all__ = ["ColumnMove", "ColumnMoveTo", "ColumnMultiRemoval", "ColumnRemoval", "ColumnRename", "ColumnReorder"]


class ColumnRemoval(Step):
    """Remove a column."""

    op: Literal["core/column-removal"]
    column_name: str

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def apply(self, table: Table) -> Table:
        """Return the table without the column."""
        table.position(self.column_name)
        return table.with_columns(column for column in table.columns if column.name != self.column_name)


class ColumnMultiRemoval(Step):
    """Remove several columns."""

    op: Literal["core/column-multi-removal"]
    column_names: tuple[str, ...]

    def columns_named(self) -> list[str]:
        """Return the columns."""
        return list(self.column_names)

    def apply(self, table: Table) -> Table:
        """Return the table without the columns."""
        for name in self.column_names:
            table.position(name)
        return table.with_columns(column for column in table.columns if column.name not in self.column_names)


class ColumnRename(Step):
    """Give a column a name that no column has."""

    op: Literal["core/column-rename"]
    old_column_name: str
    new_column_name: str

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.old_column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with the column renamed."""
        table.position(self.old_column_name)
        table.require_new(self.new_column_name)
        return table.with_columns(
            column.renamed(self.new_column_name) if column.name == self.old_column_name else column
            for column in table.columns
        )


class ColumnMove(Step):
    """Move a column to a position, from 0."""

    op: Literal["core/column-move"]
    column_name: str
    index: int = 0

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with the column there."""
        return _moved(table, table.position(self.column_name), self.index)


class ColumnMoveTo(Step):
    """Move a column to the beginning or the end, or one position to the left or right."""

    op: Literal["core/column-move-first", "core/column-move-last", "core/column-move-left", "core/column-move-right"]
    column_name: str

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with the column there."""
        at, last = table.position(self.column_name), len(table.columns) - 1
        to = {"first": 0, "last": last, "left": at - 1, "right": at + 1}[self.op.rsplit("-", 1)[1]]
        return _moved(table, at, to)


def _moved(table: Table, at: int, to: int) -> Table:
    if not 0 <= to < len(table.columns):
        raise refused(f"A column must be moved to a position from 0 to {len(table.columns) - 1}, but got {to}.")
    columns = list(table.columns)
    columns.insert(to, columns.pop(at))
    return table.with_columns(columns)


class ColumnReorder(Step):
    """Put the named columns in this order and remove the others; names of no column are left out.

    A pure reorder removes nothing: the columns that it does not name stay behind the others.
    """

    op: Literal["core/column-reorder"]
    column_names: tuple[str, ...]
    is_pure_reorder: bool = False

    def apply(self, table: Table) -> Table:
        """Return the table with the columns in this order."""
        names = [name for name in self.column_names if table.has(name)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise refused(f"A reordering must name each column once, but {twice[0]!r} comes twice.")
        if self.is_pure_reorder and len(names) < len(table.columns):
            raise refused(
                f"A pure reordering must name every column, but it names {len(names)} of {len(table.columns)}."
            )
        return table.with_columns(table.column(name) for name in names)
