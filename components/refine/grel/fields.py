"""What ``cell``, ``cells``, ``row`` and ``record`` stand for: values that are read by the names of their fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sevenfold.refine.values import EvalError

__all__ = ["Cell", "CellList", "Cells", "Fields", "Record", "RecordCells", "Row", "bind", "storable"]


class Fields:
    """A value with named fields, and the name that OpenRefine gives to its kind."""

    @property
    def kind(self) -> str:
        """The name of Java's class for it."""
        raise NotImplementedError

    def field(self, name: str) -> Any:
        """Return the field's value, or None where there is none."""
        raise NotImplementedError


@dataclass(frozen=True)
class Cell(Fields):
    """One cell: its ``value``, and ``errorMessage`` where it holds an error."""

    kind: ClassVar[str] = "com.google.refine.expr.WrappedCell"
    value: Any

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        if name == "value":
            return self.value
        if name == "errorMessage" and isinstance(self.value, EvalError):
            return self.value.message
        return None


@dataclass(frozen=True)
class Cells(Fields):
    """The cells of a row by the names of their columns; an empty cell is None."""

    kind: ClassVar[str] = "com.google.refine.expr.CellTuple"
    values: Mapping[str, Any]

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        value = self.values.get(name)
        return None if value is None else Cell(value)


class CellList(list[Any], Fields):
    """Several cells, an array whose field is the array of its items' fields."""

    kind: ClassVar[str] = "com.google.refine.expr.HasFieldsListImpl"

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        return [cell.field(name) for cell in self]


@dataclass(frozen=True)
class RecordCells(Fields):
    """The cells of a record by column: those that are not null."""

    kind: ClassVar[str] = "com.google.refine.expr.WrappedRow$RecordCells"
    values: Mapping[str, list[Any]]

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        values = self.values.get(name)
        return None if values is None else CellList(map(Cell, values))


@dataclass(frozen=True)
class Record(Fields):
    """A record: ``index``, ``cells``, ``fromRowIndex``, ``toRowIndex`` (one past the last) and ``rowCount``."""

    kind: ClassVar[str] = "com.google.refine.expr.WrappedRow$WrappedRecord"
    bindings: Mapping[str, Any]

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        if name == "cells":
            return RecordCells(self.bindings.get("cells", {}))
        return self.bindings.get(name)


@dataclass(frozen=True)
class Row(Fields):
    """A row: ``index``, ``cells``, ``columnNames``, ``flagged``, ``starred`` and ``record``."""

    kind: ClassVar[str] = "com.google.refine.expr.WrappedRow"
    bindings: Mapping[str, Any]

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        bindings = self.bindings
        if name == "index":
            return bindings.get("rowIndex")
        if name == "cells":
            return Cells(bindings.get("cells", {}))
        if name == "columnNames":
            return list(bindings.get("cells", {}))
        if name in ("flagged", "starred"):
            return bindings.get(name, False)
        if name == "record":
            return Record(bindings["record"]) if bindings.get("record") is not None else None
        return None


def bind(bindings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that an expression sees.

    Args:
        bindings: ``value`` (of the cell), ``cells`` (values by column, in the table's order), ``rowIndex``,
            ``columnName``, ``flagged``, ``starred``, and ``record``: a mapping with ``index``, ``fromRowIndex``,
            ``toRowIndex``, ``rowCount`` and ``cells`` (a list of non-null values by column). Each may be left out where
            the expression does not read it.
    """
    value = bindings.get("value")
    return {
        "value": value,
        "cell": None if value is None else Cell(value),
        "cells": Cells(bindings.get("cells", {})),
        "row": Row(bindings),
        "rowIndex": bindings.get("rowIndex"),
        "columnName": bindings.get("columnName"),
        # Names like any other: a form may give them another value.
        "true": True,
        "false": False,
        "PI": math.pi,
    }


def storable(value: Any) -> Any:
    """Return what a cell keeps of an expression's result.

    A cell becomes its value; an array, a row, a pattern or JSON becomes an `EvalError`, since no cell can hold it.
    """
    if isinstance(value, Cell):
        return value.value
    if value is None or isinstance(value, (str, bool, int, float, datetime, EvalError)):
        return value
    return EvalError("A cell cannot hold an array, a row, a pattern or JSON")
