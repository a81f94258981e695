"""Evaluate an expression over several columns part by part: each part once per distinct combination of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sevenfold.refine.columns import Column, Rows
from sevenfold.refine.grel.cells_read import about_value, cells_read
from sevenfold.refine.grel.controls import is_true
from sevenfold.refine.grel.expression import Expression
from sevenfold.refine.grel.fields import bind
from sevenfold.refine.grel.nodes import Array, Call, Control, FieldOf, Literal, Node, Operation, Variable
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError

__all__ = ["ByColumn", "Results"]

_MOST: Final = 1 << 62  # of a number that stands for a combination
_FAILED: Final = 2  # beside 0 and 1, the branches of an ``if``


@dataclass(frozen=True, eq=False)
class Results:
    """What a part gives in some rows: `values[codes]`. Values may repeat, and some may stand in no row."""

    codes: Rows
    values: Sequence[Any]

    def each(self, rule: Callable[[Any], Any]) -> Results:
        """Return what a rule makes of each value."""
        return Results(self.codes, list(map(rule, self.values)))


class ByColumn:
    """The columns of a table as an expression sees them that reads no more than cells of its row.

    Args:
        table: the table.
        column: the one that the expression is about, or None.
    """

    def __init__(self, table: Table, column: Column | None) -> None:
        self.own = column
        self._columns = {each.name: each for each in table.columns}
        self._about = column.name if column is not None else None

    def evaluate(self, node: Node, rows: Rows) -> Results:
        """Return what an expression, of which `cells_read` is known, gives in the given rows.

        Raises:
            DataError: where a part ends the step in OpenRefine. Row by row another part may have given an error before.
        """
        names = sorted(cells_read(node) or (), key=lambda name: (name is not None, name or ""))
        column = self._column(names[0]) if len(names) == 1 else None
        if column is not None:
            return self._of_one(node, column, names[0], rows)
        if len(names) < 2:
            value = node.evaluate(bind({"columnName": self._about}))
            return Results(np.zeros(len(rows), dtype=np.intp), [value])
        if isinstance(node, Operation):
            return _joined(node, self.evaluate(node.left, rows), self.evaluate(node.right, rows))
        if isinstance(node, Control) and node.name == "if":
            return self._chosen(node, rows)
        if isinstance(node, Control) and len(node.arguments) == 1:
            tested = self.evaluate(node.arguments[0], rows)
            return tested.each(lambda value: node.form((Literal(value),), {}))
        if isinstance(node, (Array, Call)):
            parts = [self.evaluate(part, rows) for part in node.parts()]
            return _combined(parts, lambda values: _given(node, values))
        return self._of_several(node, names, rows)

    def _column(self, name: str | None) -> Column | None:
        return self.own if name is None else self._columns.get(name)

    def _of_one(self, node: Node, column: Column, name: str | None, rows: Rows) -> Results:
        """Return the results of a part that reads one column: once per distinct value."""
        codes = column.codes[rows].astype(np.intp)
        about = about_value(node, name)
        if about == Variable("value"):
            return Results(codes, column.values)
        used = np.flatnonzero(np.bincount(codes, minlength=len(column.values)))
        asked = [column.values[code] for code in used.tolist()]
        expression = Expression("", about)
        if expression.needs <= {"value"}:
            results = expression.evaluate_values(asked)
        else:
            results = [node.evaluate(self._bound((name,), (value,))) for value in asked]
        places = np.zeros(len(column.values), dtype=np.intp)
        places[used] = np.arange(len(used))
        return Results(places[codes], results)

    def _of_several(self, node: Node, names: Sequence[str | None], rows: Rows) -> Results:
        """Return the results of a part that is evaluated whole, once per combination of cells."""
        parts = [self.evaluate(_cell_value(name), rows) for name in names]
        return _combined(parts, lambda values: node.evaluate(self._bound(names, values)))

    def _bound(self, names: Sequence[str | None], values: Sequence[Any]) -> dict[str, Any]:
        pairs = dict(zip(names, values, strict=True))
        cells = {name: value for name, value in pairs.items() if name is not None and name in self._columns}
        return bind({"value": pairs.get(None), "cells": cells, "columnName": self._about})

    def _chosen(self, node: Control, rows: Rows) -> Results:
        """Return the results of an ``if``: each branch is evaluated in the rows that take it."""
        condition, then, otherwise = node.arguments
        asked = self.evaluate(condition, rows)
        taken = np.array([_branch(value) for value in asked.values] or [0], dtype=np.intp)[asked.codes]
        codes = np.zeros(len(rows), dtype=np.intp)
        values: list[Any] = []
        for branch, part in enumerate((then, otherwise)):
            here = np.flatnonzero(taken == branch)
            if len(here):
                results = self.evaluate(part, rows[here])
                codes[here] = results.codes + len(values)
                values += results.values
        failed = taken == _FAILED
        if failed.any():
            codes[failed] = asked.codes[failed] + len(values)
            values += asked.values
        return Results(codes, values)


def _branch(condition: Any) -> int:
    """Return which argument of an ``if`` a condition takes, 0 or 1, or that it is an error."""
    if isinstance(condition, EvalError):
        return _FAILED
    return 0 if is_true(condition) else 1


def _cell_value(name: str | None) -> Node:
    if name is None:
        return Variable("value")
    return FieldOf(FieldOf(Variable("cells"), name), "value")


def _given(node: Array | Call, values: list[Any]) -> Any:
    """Return what a list or a function is of the values of its parts: the first error among them, if there is one."""
    for value in values:
        if isinstance(value, EvalError):
            return value
    return node.of(values) if isinstance(node, Call) else values


def _joined(node: Operation, left: Results, right: Results) -> Results:
    codes, (lefts, rights) = _combinations((left, right))
    between, pairs = node.between, zip(lefts, rights, strict=True)
    if node.operator != "+":
        return Results(codes, [between(one, two) for one, two in pairs])
    # Nearly all are two texts: these are joined without a look at every other kind.
    joined = [one + two if one.__class__ is two.__class__ is str else between(one, two) for one, two in pairs]
    return Results(codes, joined)


def _combined(parts: Sequence[Results], rule: Callable[[list[Any]], Any]) -> Results:
    codes, columns = _combinations(parts)
    return Results(codes, [rule(list(values)) for values in zip(*columns, strict=True)])


def _combinations(parts: Sequence[Results]) -> tuple[Rows, list[list[Any]]]:
    """Return a code per row, and for each part its value in each combination that a code stands for."""
    count = len(parts[0].codes)
    if any(2 * len(part.values) > count for part in parts):
        return np.arange(count), [_values(part, part.codes) for part in parts]  # few rows would share one
    key, size = np.zeros(count, dtype=np.int64), 1
    for part in parts:
        if size > _MOST // len(part.values):
            key = np.unique(key, return_inverse=True)[1]
            size = count
        key, size = key * len(part.values) + part.codes, size * len(part.values)
    first, codes = np.unique(key, return_index=True, return_inverse=True)[1:]
    return codes, [_values(part, part.codes[first]) for part in parts]


def _values(part: Results, codes: Rows) -> list[Any]:
    return list(map(part.values.__getitem__, codes.tolist()))
