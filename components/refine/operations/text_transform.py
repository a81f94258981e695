"""Text transform: each cell of a column becomes what an expression gives for it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from sevenfold.refine.columns import Column, Mask, key_of
from sevenfold.refine.evaluate import Evaluated, Evaluator, merged
from sevenfold.refine.grel import storable
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError

__all__ = ["OnError", "TextTransform", "transformed"]

OnError = Literal["keep-original", "set-to-blank", "store-error"]
_PLAIN = frozenset((str, int, float, type(None)))  # what a cell keeps as it is


class TextTransform(StepOnRows):
    """Transform the cells of a column by an expression, up to `repeat_count` times more while they change."""

    op: Literal["core/text-transform"]
    column_name: str
    expression: str
    on_error: OnError = "store-error"  # as OpenRefine does it where a history does not say
    repeat: bool = False
    repeat_count: int = 0

    def expressions(self) -> list[str]:
        """Return the expression and those of the facets."""
        return [self.expression, *super().expressions()]

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with the column transformed."""
        column = table.column(self.column_name)
        evaluator = Evaluator(table, self.expression, column)
        repeats = self.repeat_count if self.repeat else 0
        return table.with_column(transformed(column, evaluator, self.on_error, self.rows(table), repeats))


def transformed(column: Column, evaluator: Evaluator, on_error: OnError, rows: Mask | None, repeats: int = 0) -> Column:
    """Return the column with the results of an expression in the given rows, errors treated as recorded."""
    if repeats and not evaluator.cell_alone:
        return _repeated_rows(column, evaluator, on_error, rows, repeats)
    results = evaluator.evaluate(rows)
    if evaluator.cell_alone:
        values = [
            new if new.__class__ in _PLAIN else _settled(new, old, on_error)
            for old, new in zip(column.values, results.values, strict=True)
        ]
        if repeats:
            pairs = zip(column.values, values, strict=True)
            values = [_repeated(evaluator, 0, old, new, repeats) for old, new in pairs]
        return merged(column, Evaluated(results.codes, values), rows)
    values = [storable(value) for value in results.values]
    errors = np.fromiter((isinstance(value, EvalError) for value in values), dtype=np.bool_, count=len(values))
    if on_error == "set-to-blank":
        values = [None if isinstance(value, EvalError) else value for value in values]
    kept = ~errors[results.codes] if on_error == "keep-original" and errors.any() else None
    asked = rows if kept is None else kept if rows is None else rows & kept
    return merged(column, Evaluated(results.codes, values), asked)


def _settled(result: Any, old: Any, on_error: OnError) -> Any:
    """Return what the cell holds after one evaluation."""
    value = storable(result)
    if isinstance(value, EvalError):
        return {"keep-original": old, "set-to-blank": None, "store-error": value}[on_error]
    return value


def _repeated(evaluator: Evaluator, row: int, old: Any, value: Any, repeats: int) -> Any:
    """Return the cell after more evaluations: until it stays as it is, an error comes, or the number is reached."""
    if repeats and key_of(value) != key_of(old):
        for _ in range(repeats):
            again = storable(evaluator.of_row(row, value))
            if isinstance(again, EvalError) or key_of(again) == key_of(value):
                break
            value = again
    return value


def _repeated_rows(column: Column, evaluator: Evaluator, on_error: OnError, rows: Mask | None, repeats: int) -> Column:
    asked = range(len(column)) if rows is None else np.flatnonzero(rows).tolist()
    changed: dict[int, Any] = {}
    for row in asked:
        old = column.cell(row)
        value = _settled(evaluator.of_row(row, old), old, on_error)
        changed[row] = _repeated(evaluator, row, old, value, repeats)
    return column.with_cells(changed)
