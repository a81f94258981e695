"""Reorder rows for good, as *reorder rows permanently* of a sorted table does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Literal
from unicodedata import normalize

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.collation import Key, collation_key
from sevenfold.refine.columns import Column, Rows
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.numerals import java_double
from sevenfold.refine.records import record_numbers
from sevenfold.refine.step import Recorded, Step, refused
from sevenfold.refine.table import Table
from sevenfold.refine.utf16 import units
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["Criterion", "RowReorder"]


_VALUE, _ERROR, _BLANK = range(3)


class Criterion(Recorded):
    """A column to sort by, what its cells are read as, and where blanks and cells of another type go.

    Values stand at position 0, so a negative position puts blanks or other types before them. Without a column nothing
    is sorted.
    """

    column: str | None = None
    value_type: Literal["string", "number", "date", "boolean"]
    reverse: bool = False
    case_sensitive: bool = False
    blank_position: int = 1
    error_position: int = 2


class _Sorting(Recorded):
    criteria: tuple[Criterion, ...]


class RowReorder(Step):
    """Sort the rows, or the records by the first of their cells in the order, and keep the order of equal ones."""

    moves_rows: ClassVar[bool] = True

    op: Literal["core/row-reorder"]
    mode: Literal["row-based", "record-based"] = "record-based"
    sorting: _Sorting = _Sorting(criteria=())

    def columns_named(self) -> list[str]:
        """Return the columns to sort by."""
        return [criterion.column for criterion in self.sorting.criteria if criterion.column is not None]

    def check(self) -> None:
        """Refuse a place of blanks or other types that is the place of values."""
        for criterion in self.sorting.criteria:
            for key, place in (
                ("blankPosition", criterion.blank_position),
                ("errorPosition", criterion.error_position),
            ):
                if place == 0:
                    # Each such cell is equal to every value then: the order is what OpenRefine's algorithm happens on.
                    raise refused(f"A criterion must put blanks and errors before or behind values, but {key} is 0.")

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it sorts the rows"

    def apply(self, table: Table) -> Table:
        """Return the rows in their order."""
        order = np.arange(table.height)
        groups = record_numbers(table) if self.mode == "record-based" else order
        for criterion in reversed(self.sorting.criteria):
            if criterion.column is None:
                continue
            ranks, kinds = _ranks(table.column(criterion.column), criterion)
            if self.mode == "record-based" and len(groups):
                ranks = _of_records(ranks, kinds, groups)
            order = order[np.argsort(ranks[order], kind="stable")]
        return table.take(order)


def _of_records(ranks: Rows, kinds: Rows, groups: Rows) -> Rows:
    """Return per row the place of its record: that of its first value, else of an error, else of a blank."""
    order = np.lexsort((ranks, kinds, groups))
    first = order[np.searchsorted(groups[order], np.arange(groups[-1] + 1))]
    return ranks[first][groups]


def _ranks(column: Column, criterion: Criterion) -> tuple[Rows, Rows]:
    """Return per row the place of its cell in the order, which equal cells share, and its kind: value, error, blank."""
    held = [column.values[code] for code in column.used()]
    if criterion.value_type == "number" and any(value != value for value in held):
        # OpenRefine sorts such a column, but how depends on where the NaN stands.
        raise DataError(
            "refine_sort",
            f"Column {column.name!r} cannot be sorted as numbers: it holds NaN.",
            remedy="Make NaN blank first.",
        )
    if criterion.value_type == "string" and any(isinstance(value, EvalError) for value in held):
        raise refused(f"A column with errors cannot be sorted as text, but {column.name!r} has some.")
    keys = [_key(value, criterion) for value in column.values]
    values = sorted({key for kind, key in keys if kind == _VALUE}, reverse=criterion.reverse)
    at = {key: number for number, key in enumerate(values)}
    places = {_ERROR: criterion.error_position, _BLANK: criterion.blank_position}
    size = len(values) + 1
    ranks = [at[key] if kind == _VALUE else places[kind] * size for kind, key in keys]
    kinds = [kind for kind, _ in keys]
    if not keys:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    return np.array(ranks, dtype=np.intp)[column.codes], np.array(kinds, dtype=np.intp)[column.codes]


def _key(value: Any, criterion: Criterion) -> tuple[int, Any]:
    """Return the kind of a cell, and what it is compared by."""
    blank = value is None if criterion.value_type == "string" else is_blank(value)
    if blank or isinstance(value, EvalError):
        return _BLANK, None
    key = _READ[criterion.value_type](value)
    if key is None:
        return _ERROR, None
    if criterion.value_type == "string":
        return _VALUE, key if criterion.case_sensitive else key[0][:2]
    return _VALUE, key


def _number(value: Any) -> float | None:
    """Return what numbers are ordered by; none is that of a text that spells NaN."""
    number: float | None = None
    if isinstance(value, (bool, int, float)):
        number = float(value)
    elif isinstance(value, datetime):
        number = value.timestamp() * 1_000
    elif isinstance(value, str):
        number = java_double(value)
    return None if number is None or number != number else number


def _text(value: Any) -> tuple[Key, str]:
    """Return what texts are ordered by: unlike in a comparison, a no-break space is a space, and a ligature letters."""
    text = normalize("NFKD", java_text(value))
    return collation_key(text), units(text)


def _date(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return value.lower() == "true"
    return value if isinstance(value, bool) else None


_READ: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
}
