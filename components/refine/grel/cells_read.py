"""Which cells of a row an expression reads, and the same expression about one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sevenfold.refine.grel.controls import CONTROLS
from sevenfold.refine.grel.nodes import Array, Call, Control, FieldOf, Literal, Node, Operation, Variable

__all__ = ["BOUND", "about_value", "cells_read", "column_read"]

BOUND: Final = ("value", "cell", "cells", "row", "rowIndex", "record", "columnName")
_VALUE: Final = Variable("value")


def column_read(node: Node) -> str | None:
    """Return the column that a part reads from ``cells``, or None where it reads none by a fixed name."""
    if isinstance(node, FieldOf) and _is_cells(node.inner):
        return node.name
    if isinstance(node, Call) and node.name in ("get", "hasField") and len(node.arguments) == 2:
        place, name = node.arguments
        if _is_cells(place) and isinstance(name, Literal) and isinstance(name.value, str):
            return name.value
    return None


def _is_cells(node: Node) -> bool:
    if isinstance(node, FieldOf):
        return node.name == "cells" and isinstance(node.inner, Variable) and node.inner.name == "row"
    return isinstance(node, Variable) and node.name == "cells"


def cells_read(node: Node) -> frozenset[str | None] | None:
    """Return the columns whose cells in the row alone decide the part's value, None among them for the own one.

    None where more may decide: the number of the row, its marks, its record, or cells by names that are not fixed.
    """
    name = column_read(node)
    if name is not None:
        return frozenset({name})
    if isinstance(node, Variable):
        if node.name in ("value", "cell"):
            return frozenset({None})
        return None if node.name in BOUND and node.name != "columnName" else frozenset()
    if isinstance(node, Control):
        named = [node.arguments[place] for place in CONTROLS[node.name].names]
        if any(isinstance(each, Variable) and each.name in BOUND for each in named):
            return None
    found: frozenset[str | None] = frozenset()
    for part in node.parts():
        read = cells_read(part)
        if read is None:
            return None
        found |= read
    return found


def about_value(node: Node, name: str | None) -> Node:
    """Return the expression in which the value of the cell of one column, None for the own one, is ``value``.

    It gives for that value what the part gives in the row, where it reads no other cell.
    """
    if isinstance(node, FieldOf) and node.name == "value" and _is_cell(node.inner, name):
        return _VALUE
    if column_read(node) is not None:
        return node
    if isinstance(node, FieldOf):
        return replace(node, inner=about_value(node.inner, name))
    if isinstance(node, Operation):
        return replace(node, left=about_value(node.left, name), right=about_value(node.right, name))
    if isinstance(node, Array):
        return replace(node, items=tuple(about_value(part, name) for part in node.items))
    if isinstance(node, (Call, Control)):
        return replace(node, arguments=tuple(about_value(part, name) for part in node.arguments))
    return node


def _is_cell(node: Node, name: str | None) -> bool:
    """Return whether a part is the cell of a column; ``hasField`` is none."""
    if name is None:
        return node == Variable("cell")
    return column_read(node) == name and not (isinstance(node, Call) and node.name == "hasField")
