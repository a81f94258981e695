"""A new column of what an expression gives for each cell of another."""

from __future__ import annotations

from typing import Literal

from sevenfold.refine.columns import Column
from sevenfold.refine.evaluate import Evaluated, Evaluator, merged
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.operations.text_transform import OnError, transformed
from sevenfold.refine.step import refused
from sevenfold.refine.table import Table

__all__ = ["ColumnAddition"]


class ColumnAddition(StepOnRows):
    """Insert a column made from a base column; rows that the facets leave out are null in it."""

    op: Literal["core/column-addition"]
    base_column_name: str
    expression: str
    on_error: OnError
    new_column_name: str
    column_insert_index: int = 0

    def expressions(self) -> list[str]:
        """Return the expression and those of the facets."""
        return [self.expression, *super().expressions()]

    def columns_named(self) -> list[str]:
        """Return the base column."""
        return [self.base_column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with one column more."""
        column, at = table.column(self.base_column_name), self.column_insert_index
        table.require_new(self.new_column_name)
        if not 0 <= at <= len(table.columns):
            raise refused(f"A column must be inserted at a position from 0 to {len(table.columns)}, but got {at}.")
        rows = self.rows(table)
        made = transformed(column, Evaluator(table, self.expression, column), self.on_error, rows)
        if rows is not None:
            empty = Column.filled(self.new_column_name, None, table.height)
            made = merged(empty, Evaluated(made.codes, list(made.values)), rows)
        return table.inserted(at, [made.renamed(self.new_column_name)])
