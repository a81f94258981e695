"""A column of cells: each distinct value once, and a code per row that points at it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.refine.values import EvalError, is_blank
from sevenfold.refine.white import WHITE

__all__ = ["Codes", "Column", "Mask", "Rows", "encode", "is_empty", "key_of"]

Codes = NDArray[np.uint32]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


def key_of(value: Any) -> object:
    """Return what two cells share exactly where Java's `equals` holds: type, bits of a double, offset of a date."""
    kind = value.__class__
    if kind is str or value is None:
        return value
    if kind is float:
        if value == 0 or value != value:
            return ("double", b"NaN" if value != value else pack("<d", value))
        return (float, value)
    if kind is datetime:
        return ("date", value.isoformat())
    if kind is EvalError:
        return ("error", value.message)
    if kind is list:
        return ("list", tuple(map(key_of, value)))
    return (kind, value)


def is_empty(value: Any) -> bool:
    """Return whether a cell is null or a text of nothing but what Unicode takes for white space."""
    return value is None or (isinstance(value, str) and not value.strip(WHITE))


def encode(cells: Iterable[Any], count: int) -> tuple[Codes, list[Any]]:
    """Return a code per cell, and the distinct values in the order in which they come first."""
    index: dict[object, int] = {}
    values: list[Any] = []
    codes = np.empty(count, dtype=np.uint32)
    for at, cell in enumerate(cells):
        key = cell if cell.__class__ is str or cell is None else key_of(cell)
        code = index.get(key)
        if code is None:
            code = index[key] = len(values)
            values.append(cell)
        codes[at] = code
    return codes, values


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Args:
        name: its name.
        codes: per row the index into `values`.
        values: distinct values as `key_of` tells them apart; null (None) is one of them. Some may stand in no row.
    """

    name: str
    codes: Codes
    values: Sequence[Any]
    _flags: dict[str, Mask] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, cells: Sequence[Any]) -> Column:
        """Make a column of its cells."""
        codes, values = encode(cells, len(cells))
        return cls(name, codes, values)

    @classmethod
    def filled(cls, name: str, value: Any, count: int) -> Column:
        """Make a column that holds one value everywhere."""
        return cls(name, np.zeros(count, dtype=np.uint32), [value])

    def __len__(self) -> int:
        return len(self.codes)

    def cells(self) -> list[Any]:
        """Return the cells, one per row."""
        values = self.values
        return [values[code] for code in self.codes.tolist()]

    def cell(self, row: int) -> Any:
        """Return one cell."""
        return self.values[self.codes[row]]

    def used(self) -> Rows:
        """Return the codes that stand in some row, ascending."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.values)))

    def take(self, rows: Rows | Mask) -> Column:
        """Return the column with the given rows, in their order."""
        return replace(self, codes=self.codes[rows])

    def renamed(self, name: str) -> Column:
        """Return the column under another name."""
        return replace(self, name=name)

    def null(self) -> Mask:
        """Return per row whether the cell is null."""
        return self._per_row("null", lambda value: value is None)

    def blank(self) -> Mask:
        """Return per row whether the cell is null or the empty text."""
        return self._per_row("blank", is_blank)

    def empty(self) -> Mask:
        """Return per row whether the cell is null or a text of nothing but white space."""
        return self._per_row("empty", is_empty)

    def no_data(self) -> Mask:
        """Return per row whether the cell is blank or an error: what begins no record and fills nothing down."""
        return self._per_row("no_data", lambda value: is_blank(value) or value.__class__ is EvalError)

    def _per_row(self, name: str, rule: Any) -> Mask:
        flags = self._flags.get(name)
        if flags is None or len(flags) != len(self.values):
            flags = np.fromiter(map(rule, self.values), dtype=np.bool_, count=len(self.values))
            self._flags[name] = flags
        return flags[self.codes] if len(flags) else np.zeros(0, dtype=np.bool_)

    def with_codes_replaced(self, replaced: Sequence[tuple[int, Any]], rows: Mask | None) -> Column:
        """Return the column where, in the given rows, each code of `replaced` stands for another value."""
        values = list(self.values)
        index = {key_of(value): code for code, value in enumerate(values)}
        table = np.arange(max(len(values), 1), dtype=np.uint32)
        for code, value in replaced:
            key = key_of(value)
            at = index.get(key)
            if at is None:
                at = index[key] = len(values)
                values.append(value)
            table[code] = at
        codes = table[self.codes] if rows is None else np.where(rows, table[self.codes], self.codes)
        return Column(self.name, codes, values)

    def with_cells(self, cells: dict[int, Any]) -> Column:
        """Return the column with other values in the given rows."""
        if not cells:
            return self
        values = list(self.values)
        index = {key_of(value): code for code, value in enumerate(values)}
        codes = self.codes.copy()
        for row, value in cells.items():
            key = key_of(value)
            at = index.get(key)
            if at is None:
                at = index[key] = len(values)
                values.append(value)
            codes[row] = at
        return Column(self.name, codes, values)
