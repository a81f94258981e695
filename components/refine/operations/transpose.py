"""Transpose: columns into rows, and rows into columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from sevenfold.refine.columns import Column
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.operations.column_split import numbered_names
from sevenfold.refine.step import Step, refused
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["TransposeColumnsIntoRows", "TransposeRowsIntoColumns"]


class TransposeColumnsIntoRows(Step):
    """Put the cells of neighbouring columns below each other: in one column, or in two with the names beside."""

    op: Literal["core/transpose-columns-into-rows"]
    start_column_name: str
    column_count: int = -1
    ignore_blank_cells: bool = True
    fill_down: bool = False
    combined_column_name: str | None = None
    prepend_column_name: bool = False
    separator: str | None = None
    key_column_name: str | None = None
    value_column_name: str | None = None

    def columns_named(self) -> list[str]:
        """Return the first column."""
        return [self.start_column_name]

    def check(self) -> None:
        """Refuse a step that names no new column."""
        self._new_names()

    def _new_names(self) -> list[str]:
        if self.combined_column_name is not None:
            return [self.combined_column_name]
        if self.key_column_name is None or self.value_column_name is None:
            missing = "keyColumnName" if self.key_column_name is None else "valueColumnName"
            raise refused(f"Transposing without combinedColumnName must name two columns, but {missing} is missing.")
        return [self.key_column_name, self.value_column_name]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it makes several rows of one"

    def apply(self, table: Table) -> Table:
        """Return the table with a row per cell."""
        names = self._new_names()
        for name in names:
            table.require_new(name)
        first, count = table.position(self.start_column_name), self.column_count
        last = len(table.columns) if count <= 0 else min(first + count, len(table.columns))
        moved = table.columns[first:last]
        keyed = len(names) > 1
        sources, new = self._cells(moved, table.height, keyed=keyed)
        rows = np.array(sources, dtype=np.intp)
        continued = np.zeros(len(rows), dtype=np.bool_)
        continued[1:] = rows[1:] == rows[:-1]
        others = table.with_columns((*table.columns[:first], *table.columns[last:])).take(rows)
        if not self.fill_down:
            others = others.with_columns(
                column.with_codes_replaced([(code, None) for code in range(len(column.values))], continued)
                for column in others.columns
            )
        made = [Column.of(name, [cell[at] for cell in new]) for at, name in enumerate(names)]
        unmarked = replace(Table.of(others.columns, len(rows)), sources=others.sources)
        return unmarked.inserted(first, made)

    def _cells(self, columns: tuple[Column, ...], height: int, *, keyed: bool) -> tuple[list[int], list[list[Any]]]:
        """Return of each new row the row it comes from, and its new cells."""
        sources: list[int] = []
        new: list[list[Any]] = []
        cells = [column.cells() for column in columns]
        for row in range(height):
            before = len(new)
            for column, values in zip(columns, cells, strict=True):
                value = values[row]
                empty = is_blank(value) or isinstance(value, EvalError)
                if empty and (self.ignore_blank_cells or not (keyed or self.prepend_column_name)):
                    continue
                if keyed:
                    new.append([column.name, value])
                elif self.prepend_column_name:
                    joint = "null" if self.separator is None else self.separator
                    new.append([f"{column.name}{joint}{'' if empty else java_text(value)}"])
                else:
                    new.append([value])
            if len(new) == before:
                new.append([None] * (2 if keyed else 1))
            sources += [row] * (len(new) - before)
        return sources, new


class TransposeRowsIntoColumns(Step):
    """Put each `row_count` cells of a column side by side, in the first of their rows.

    The other rows go where all their cells are null.
    """

    op: Literal["core/transpose-rows-into-columns"]
    column_name: str
    row_count: int

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it makes one row of several"

    def check(self) -> None:
        """Refuse groups of no row."""
        if self.row_count < 1:
            raise refused(f"Rows must be transposed in groups of 1 or more, but rowCount is {self.row_count}.")

    def apply(self, table: Table) -> Table:
        """Return the table with the cells side by side."""
        at, count = table.position(self.column_name), self.row_count
        cells = table.columns[at].cells()
        made = []
        for number, name in enumerate(numbered_names(table, self.column_name, count)):
            values: list[Any] = [None] * table.height
            for row in range(0, table.height - number, count):
                values[row] = cells[row + number]
            made.append(Column.of(name, values))
        unmarked = Table.of((*table.columns[:at], *made, *table.columns[at + 1 :]), table.height)
        wide = replace(unmarked, sources=table.sources)
        empty = np.arange(table.height) % count > 0
        for column in wide.columns:
            empty &= column.null()
        return wide.take(~empty)
