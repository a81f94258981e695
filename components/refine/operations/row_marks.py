"""The steps that star, flag, remove and add rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from sevenfold.refine.columns import Column
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.table import Table
from sevenfold.refine.values import text_of

__all__ = ["RowDuplicateRemoval", "RowFlag", "RowKeepMatched", "RowRemoval", "RowStar"]


class RowStar(StepOnRows):
    """Star rows, or take their stars."""

    op: Literal["core/row-star"]
    starred: bool = False

    def apply(self, table: Table) -> Table:
        """Return the table with stars set."""
        rows = self.rows(table)
        return replace(table, starred=_set(table.starred, rows, self.starred))


class RowFlag(StepOnRows):
    """Flag rows, or take their flags."""

    op: Literal["core/row-flag"]
    flagged: bool = False

    def apply(self, table: Table) -> Table:
        """Return the table with flags set."""
        rows = self.rows(table)
        return replace(table, flagged=_set(table.flagged, rows, self.flagged))


def _set(marks: Any, rows: Any, value: bool) -> Any:
    return np.full_like(marks, value) if rows is None else np.where(rows, value, marks)


class RowRemoval(StepOnRows):
    """Remove the rows that the facets leave."""

    op: Literal["core/row-removal"]

    def apply(self, table: Table) -> Table:
        """Return the other rows."""
        rows = self.rows(table)
        return table.take(np.zeros(table.height, dtype=np.bool_) if rows is None else ~rows)


class RowKeepMatched(StepOnRows):
    """Keep only the rows that the facets leave."""

    op: Literal["core/row-keep-matched"]

    def apply(self, table: Table) -> Table:
        """Return those rows."""
        rows = self.rows(table)
        return table if rows is None else table.take(rows)


class RowDuplicateRemoval(StepOnRows):
    """Remove the rows, among those that the facets leave, that have the texts of an earlier one in some columns."""

    op: Literal["core/row-duplicate-removal"]
    criteria: tuple[str, ...]

    def columns_named(self) -> list[str]:
        """Return the columns that are compared."""
        return list(self.criteria)

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it compares rows with each other"

    def apply(self, table: Table) -> Table:
        """Return the first row of each kind, and the rows that the facets leave out."""
        rows = self.rows(table)
        asked = np.arange(table.height) if rows is None else np.flatnonzero(rows)
        keys = _text_codes([table.column(name) for name in self.criteria], asked)
        first = np.unique(keys, axis=0, return_index=True)[1] if len(asked) else asked
        kept = np.ones(table.height, dtype=np.bool_)
        kept[asked] = False
        kept[asked[first]] = True
        return table.take(kept)


def _text_codes(columns: Sequence[Column], rows: Any) -> Any:
    """Return per row the numbers of its texts: equal texts have equal numbers, whatever their types."""
    keys = np.zeros((len(rows), max(len(columns), 1)), dtype=np.uint32)
    for at, column in enumerate(columns):
        numbers: dict[str, int] = {}
        texts = np.fromiter(
            (numbers.setdefault(text_of(value), len(numbers)) for value in column.values),
            dtype=np.uint32,
            count=len(column.values),
        )
        keys[:, at] = texts[column.codes[rows]] if len(texts) else 0
    return keys
