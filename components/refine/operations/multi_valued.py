"""Cells of several values: split them over rows of a record, and join the rows again."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from sevenfold.refine.columns import Column, is_empty
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.operations.split_text import Splitter, at_pattern, at_separator, by_lengths
from sevenfold.refine.step import Step, refused
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["MultiValuedCellJoin", "MultiValuedCellSplit"]


class MultiValuedCellSplit(Step):
    """Give each part of a cell a row; the rows below that are blank in it and in the key column are used first."""

    op: Literal["core/multivalued-cell-split"]
    column_name: str
    key_column_name: str
    mode: Literal["separator", "plain", "regex", "lengths"] | None = None
    separator: str | None = None
    regex: bool = False
    field_lengths: tuple[int, ...] | None = None

    def columns_named(self) -> list[str]:
        """Return the column and the key column."""
        return [self.column_name, self.key_column_name]

    def check(self) -> None:
        """Refuse a split without its separator or lengths."""
        self.splitter()

    def splitter(self) -> Splitter:
        """Return how a text is cut."""
        if self.mode in ("lengths", None):
            if self.field_lengths is None:
                raise refused(
                    "A split must list fieldLengths unless its mode is separator, plain or regex, but they are missing."
                )
            return by_lengths(self.field_lengths)
        if self.separator is None:
            raise refused("A split at a separator must name it, but it is missing.")
        by_pattern = self.regex or self.mode == "regex"
        return at_pattern(self.separator) if by_pattern else at_separator(self.separator)

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it makes several rows of one"

    def apply(self, table: Table) -> Table:
        """Return the table with a row per part."""
        column, key, split = table.column(self.column_name), table.column(self.key_column_name), self.splitter()
        parts: list[list[str]] = [[] if is_empty(value) else split(java_text(value)) for value in column.values]
        codes, cells = column.codes.tolist(), column.cells()
        free = (column.empty() & key.empty()).tolist()
        sources: list[int] = []  # of each new row: the row it is made from, -1 for a new one
        values: list[Any] = []
        row = 0
        while row < len(codes):
            cut = parts[codes[row]]
            sources.append(row)
            values.append(cut[0] if len(cut) > 1 else cells[row])
            row += 1
            for part in cut[1:]:
                used = row < len(codes) and free[row]
                sources.append(row if used else -1)
                values.append(part)
                row += used
        return _with_rows(table, sources).with_column(Column.of(column.name, values))


def _with_rows(table: Table, sources: list[int]) -> Table:
    """Return the table with rows taken from the given ones, and empty ones without marks where the number is -1."""
    rows = np.array(sources, dtype=np.intp)
    new = rows < 0
    columns = []
    for column in table.columns:
        if not len(column):
            columns.append(column)
            continue
        taken = column.take(np.maximum(rows, 0))
        columns.append(taken.with_codes_replaced([(code, None) for code in range(len(taken.values))], new))
    if not table.height:
        return table
    at = np.maximum(rows, 0)
    # a row of a further part comes from where the cell was that was cut
    last = np.maximum.accumulate(np.where(new, -1, rows))
    return Table(tuple(columns), table.starred[at] & ~new, table.flagged[at] & ~new, table.from_rows[last])


class MultiValuedCellJoin(Step):
    """Join the values of each record into its first row, and drop the rows that are then empty."""

    op: Literal["core/multivalued-cell-join"]
    column_name: str
    key_column_name: str
    separator: str

    def columns_named(self) -> list[str]:
        """Return the column and the key column."""
        return [self.column_name, self.key_column_name]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it makes one row of several"

    def apply(self, table: Table) -> Table:
        """Return the table with one cell per record."""
        column, key = table.column(self.column_name), table.column(self.key_column_name)
        keyed = (~key.empty()).tolist()
        cells = column.cells()
        changed: dict[int, Any] = {}
        row, height = 0, table.height
        while row < height:
            end = row + 1
            while keyed[row] and end < height and not keyed[end]:
                end += 1
            if end > row + 1:
                texts = [java_text(cell) for cell in cells[row:end] if not _no_data(cell)]
                changed[row] = self.separator.join(texts)
                changed.update(dict.fromkeys(range(row + 1, end)))
            row = end
        joined = table.with_column(column.with_cells(changed))
        emptied = np.zeros(height, dtype=np.bool_)
        emptied[[row for row, value in changed.items() if value is None]] = True
        for each in joined.columns:
            emptied &= each.empty()
        return joined.take(~emptied)


def _no_data(value: Any) -> bool:
    return is_blank(value) or isinstance(value, EvalError)
