"""Evaluate an expression on the cells of a table: once per distinct value or combination of values that decide."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.bindings import RowBindings
from sevenfold.refine.by_column import ByColumn
from sevenfold.refine.columns import Codes, Column, Mask, Rows, key_of
from sevenfold.refine.grel import compile_expression
from sevenfold.refine.table import Table

__all__ = ["LEAST_ROWS", "Evaluated", "Evaluator", "merged"]

LEAST_ROWS: Final = 16  # from which on an expression over several columns is evaluated column by column

_CELL_ALONE = frozenset({"value", "cell", "columnName"})


@dataclass(frozen=True)
class Evaluated:
    """What an expression gives per row: `values[codes[row]]`; meaningless in rows that were not asked for.

    A value may be there several times.
    """

    codes: Codes
    values: list[Any]


class Evaluator:
    """An expression bound to a table and to the column that it is about, or to none.

    Raises:
        DataError: ``refine_expression``, the text is no expression that can be evaluated here.
    """

    def __init__(self, table: Table, text: str, column: Column | None) -> None:
        self.table = table
        self.expression = compile_expression(text)
        self.column = column
        self.cell_alone = column is not None and self.expression.needs <= _CELL_ALONE
        self._rows: RowBindings | None = None

    def of_value(self, value: Any) -> Any:
        """Return the result for a cell's value, where the value alone decides."""
        return self.expression.evaluate({"value": value, "columnName": self.column.name if self.column else None})

    def of_row(self, row: int, value: Any) -> Any:
        """Return the result for a row whose cell holds the given value."""
        if self.cell_alone:
            return self.of_value(value)
        if self._rows is None:
            self._rows = RowBindings(self.table, self.column, self.expression)
        return self.expression.evaluate(self._rows.of(row, value))

    def evaluate(self, rows: Mask | None) -> Evaluated:
        """Return the results in the given rows, in all without any."""
        if self.cell_alone and self.column is not None:
            return self._by_value(self.column, rows)
        asked = np.arange(self.table.height) if rows is None else np.flatnonzero(rows)
        if self.expression.cells is None or len(asked) < LEAST_ROWS:
            return self._by_row(asked)
        try:
            results = ByColumn(self.table, self.column).evaluate(self.expression.node, asked)
        except (DataError, RecursionError):
            return self._by_row(asked)  # which is refused in the row where OpenRefine ends the step, or not at all
        codes = np.zeros(self.table.height, dtype=np.uint32)
        codes[asked] = results.codes
        return Evaluated(codes, list(results.values) or [None])

    def _by_value(self, column: Column, rows: Mask | None) -> Evaluated:
        counts = np.bincount(column.codes if rows is None else column.codes[rows], minlength=len(column.values))
        used = np.flatnonzero(counts).tolist()
        asked = [column.values[code] for code in used]
        if self.expression.needs <= {"value"}:
            results = self.expression.evaluate_values(asked)
        else:
            results = list(map(self.of_value, asked))
        if len(used) == len(column.values):
            return Evaluated(column.codes, results)
        values = [None] * len(column.values)
        for code, result in zip(used, results, strict=True):
            values[code] = result
        return Evaluated(column.codes, values)

    def _by_row(self, rows: Rows) -> Evaluated:
        codes = np.zeros(self.table.height, dtype=np.uint32)
        values: list[Any] = [None]
        index: dict[object, int] = {None: 0}
        cells = self.column.cells() if self.column is not None else None
        for row in rows.tolist():
            value = self.of_row(row, cells[row] if cells is not None else None)
            key = key_of(value)
            code = index.get(key)
            if code is None:
                code = index[key] = len(values)
                values.append(value)
            codes[row] = code
        return Evaluated(codes, values)


def merged(column: Column, new: Evaluated, rows: Mask | None) -> Column:
    """Return the column with the results in the given rows, and its own cells in the others."""
    if rows is None and _distinct(new.values):
        return Column(column.name, new.codes.copy(), new.values)  # no two columns share codes: `trace` counts on it
    values = [] if rows is None else list(column.values)
    index = {key_of(value): code for code, value in enumerate(values)}
    taken = []
    for value in new.values:
        kind = value.__class__
        if kind is str:
            key: object = value
        elif kind is float and value and value == value:
            key = (float, value)  # as `key_of` has it, without a call for each of many numbers
        else:
            key = key_of(value)
        code = index.get(key)
        if code is None:
            code = index[key] = len(values)
            values.append(value)
        taken.append(code)
    codes = np.array(taken or [0], dtype=np.uint32)[new.codes]
    return Column(column.name, codes if rows is None else np.where(rows, codes, column.codes), values)


def _distinct(values: list[Any]) -> bool:
    """Return whether values are all texts and null, or all numbers of one type, and surely no two of them the same."""
    kinds = set(map(type, values))
    if kinds == {float} and not all(map(isfinite, values)):
        return False  # two NaN are one value, but not equal
    return (kinds <= {str, type(None)} or kinds in ({int}, {float})) and len(set(values)) == len(values)
