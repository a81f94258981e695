"""Fill down and blank down: repeat the value above in blank cells, or blank what repeats it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sevenfold.refine.columns import Column, Mask, Rows
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.table import Table

__all__ = ["BlankDown", "FillDown"]


class FillDown(StepOnRows):
    """Fill blank cells and errors with the last value above, among the rows that the facets leave.

    In record mode no value goes on beyond the next of these rows whose first cell holds data.
    """

    op: Literal["core/fill-down"]
    column_name: str

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it fills a cell from the rows above"

    def apply(self, table: Table) -> Table:
        """Return the table with the column filled."""
        column, rows = table.column(self.column_name), _asked(table, self.rows(table))
        group = _groups(table, rows, by_record=self.engine_config.by_record)
        filled = ~column.no_data()[rows]
        source = np.maximum.accumulate(np.where(filled, np.arange(len(rows)), -1))
        takes = ~filled & (source >= 0) & (group[source] == group)
        codes = column.codes.copy()
        codes[rows[takes]] = column.codes[rows[source[takes]]]
        return table.with_column(Column(column.name, codes, column.values))


class BlankDown(StepOnRows):
    """Blank the cells that hold the value of the cell above, among the rows that the facets leave.

    In record mode rows are compared only up to the next of them whose first cell holds data.
    """

    op: Literal["core/blank-down"]
    column_name: str

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it compares a cell with the row above"

    def apply(self, table: Table) -> Table:
        """Return the table with the repeated cells blank."""
        column, rows = table.column(self.column_name), _asked(table, self.rows(table))
        group = _groups(table, rows, by_record=self.engine_config.by_record)
        codes, data = column.codes[rows], ~column.no_data()[rows]
        same = np.zeros(len(rows), dtype=np.bool_)
        same[1:] = data[1:] & data[:-1] & (codes[1:] == codes[:-1]) & (group[1:] == group[:-1])
        blanked = np.zeros(len(column), dtype=np.bool_)
        blanked[rows[same]] = True
        return table.with_column(column.with_codes_replaced([(code, None) for code in column.used().tolist()], blanked))


def _groups(table: Table, rows: Rows, *, by_record: bool) -> Rows:
    """Return a number for each of the rows that grows where one begins with data; in row mode it is 0 everywhere."""
    if not by_record:
        return np.zeros(len(rows), dtype=np.intp)
    return np.cumsum(~table.columns[0].no_data()[rows], dtype=np.intp)


def _asked(table: Table, rows: Mask | None) -> Rows:
    return np.arange(table.height) if rows is None else np.flatnonzero(rows)
