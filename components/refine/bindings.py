"""What an expression sees of a row: its cells, its record, its number, its marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sevenfold.refine.columns import Column, Rows
from sevenfold.refine.grel import Expression
from sevenfold.refine.records import record_starts
from sevenfold.refine.table import Table

__all__ = ["RowBindings"]


class RowBindings:
    """The names that an expression may read, row by row; only what it needs is looked up."""

    def __init__(self, table: Table, column: Column | None, expression: Expression) -> None:
        self.table = table
        self.name = column.name if column is not None else None
        self.with_record = "record" in expression.needs or "row" in expression.needs
        self._lists: dict[str, list[Any]] = {}
        self._positions = {each.name: each for each in table.columns}

    def of(self, row: int, value: Any) -> dict[str, Any]:
        """Return the bindings of a row whose own cell holds the given value."""
        bound: dict[str, Any] = {
            "value": value,
            "cells": _RowCells(self, row),
            "rowIndex": row,
            "columnName": self.name,
            "starred": bool(self.table.starred[row]),
            "flagged": bool(self.table.flagged[row]),
        }
        if self.with_record:
            bound["record"] = self._record(row)
        return bound

    def cells_of(self, name: str) -> list[Any] | None:
        """Return the cells of a column, None where there is none of that name."""
        found = self._lists.get(name)
        if found is None and name in self._positions:
            found = self._lists[name] = self._positions[name].cells()
        return found

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._positions)

    @cached_property
    def _starts(self) -> Rows:
        return np.flatnonzero(record_starts(self.table))

    @cached_property
    def _contexts(self) -> Rows:
        """Per row the row whose record it is in: itself, or the last above that begins with data.

        An empty row between them is a record of its own, and the rows below it still belong to that above.
        """
        rows = np.arange(self.table.height)
        own = np.isin(rows, self._starts)
        keyed = ~self.table.columns[0].no_data() if self.table.columns else own
        return np.where(own, rows, np.maximum.accumulate(np.where(keyed, rows, 0)))

    def _record(self, row: int) -> dict[str, Any]:
        starts = self._starts
        number = int(np.searchsorted(starts, self._contexts[row], side="right")) - 1
        first = int(starts[number])
        last = int(starts[number + 1]) if number + 1 < len(starts) else self.table.height
        return {
            "index": number,
            "fromRowIndex": first,
            "toRowIndex": last,
            "rowCount": last - first,
            "cells": _RecordCells(self, first, last),
        }


class _RowCells(Mapping[str, Any]):
    """The cells of one row by column."""

    def __init__(self, bindings: RowBindings, row: int) -> None:
        self._bindings = bindings
        self._row = row

    def __getitem__(self, name: str) -> Any:
        cells = self._bindings.cells_of(name)
        if cells is None:
            raise KeyError(name)
        return cells[self._row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bindings.names)

    def __len__(self) -> int:
        return len(self._bindings.names)


class _RecordCells(Mapping[str, list[Any]]):
    """The values of one record by column, without nulls."""

    def __init__(self, bindings: RowBindings, first: int, last: int) -> None:
        self._bindings = bindings
        self._range = slice(first, last)

    def __getitem__(self, name: str) -> list[Any]:
        cells = self._bindings.cells_of(name)
        if cells is None:
            raise KeyError(name)
        return [cell for cell in cells[self._range] if cell is not None]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bindings.names)

    def __len__(self) -> int:
        return len(self._bindings.names)
