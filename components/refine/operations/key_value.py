"""Columnize by key and value: a column per key, filled from the values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from sevenfold.refine.columns import Column, is_empty
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["KeyValueColumnize"]


class KeyValueColumnize(Step):
    """Make a column of each key.

    Without other columns a repetition of the first key opens a new row; with some, rows are those of equal cells in
    them, and the last value of a key counts.
    """

    op: Literal["core/key-value-columnize"]
    key_column_name: str
    value_column_name: str
    note_column_name: str | None = None

    def columns_named(self) -> list[str]:
        """Return the key, value and note columns."""
        note = [self.note_column_name] if self.note_column_name else []
        return [self.key_column_name, self.value_column_name, *note]

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it makes one row of several"

    def apply(self, table: Table) -> Table:
        """Return the table with a column per key."""
        keys, values = table.column(self.key_column_name).cells(), table.column(self.value_column_name).cells()
        notes = table.column(self.note_column_name).cells() if self.note_column_name else None
        kept = [column for column in table.columns if column.name not in self.columns_named()]
        others = [column.cells() for column in kept]
        made = _Made([column.name for column in kept], table.names)
        for row, key in enumerate(keys):
            made.source = row
            group = tuple(cells[row] for cells in others)
            if is_blank(key) or isinstance(key, EvalError):
                made.close(group)
                continue
            made.fill(group, java_text(key), values[row])
            if notes is not None and not is_blank(notes[row]):
                made.note(f"{self.note_column_name} : {java_text(key)}", notes[row])
        made_table = made.table()
        return replace(made_table, sources=table.from_rows[made_table.from_rows])


class _Made:
    """The rows made so far: their kept cells, and their new ones by column.

    Args:
        kept: the names of the columns that stay.
        taken: all names of the table; a new column gets another.
    """

    def __init__(self, kept: list[str], taken: list[str]) -> None:
        self.kept = kept
        self.taken = set(taken)
        self.source = 0  # the row that is being read
        self.rows: list[tuple[tuple[Any, ...], dict[str, Any], int]] = []
        self.keys: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self._by_group: dict[object, list[dict[str, Any]]] = {}
        self._current: list[dict[str, Any]] = []

    def close(self, group: tuple[Any, ...]) -> None:
        """Go on after a row without a key: its other cells, if any, stay a row of their own."""
        self._current = []
        if not all(map(is_empty, group)):
            self.rows.append((group, {}, self.source))

    def fill(self, group: tuple[Any, ...], key: str, value: Any) -> None:
        """Put a value into the column of its key: into the first row of its group that lacks it."""
        if self.kept:
            self._current = self._by_group.setdefault(
                tuple("" if cell is None else java_text(cell) for cell in group), []
            )
        elif key == next(iter(self.keys), key):
            self._current = []
        self.keys.setdefault(key)
        row = next((row for row in self._current if self.kept or row.get(key) is None), None)
        if row is None:
            row = {}
            self._current.append(row)
            self.rows.append((group, row, self.source))
        row[key] = value

    def note(self, name: str, value: Any) -> None:
        """Put a note into the column of its key's notes, behind those that are there."""
        self.notes.setdefault(name)
        row = self._current[0]
        known = row.get("note " + name)
        row["note " + name] = value if known is None else f"{java_text(known)};{java_text(value)}"

    def table(self) -> Table:
        """Return the rows as a table, without marks; rows with nothing in them are left out.

        Its `sources` are the rows that opened them.
        """
        rows = [row for row in self.rows if not all(map(is_empty, (*row[0], *row[1].values())))]
        columns = [Column.of(name, [row[0][at] for row in rows]) for at, name in enumerate(self.kept)]
        for wanted, prefix in [(key, "") for key in self.keys] + [(note, "note ") for note in self.notes]:
            name = self._free(wanted)
            columns.append(Column.of(name, [row[1].get(prefix + wanted) for row in rows]))
        return replace(Table.of(columns, len(rows)), sources=np.array([row[2] for row in rows], dtype=np.intp))

    def _free(self, wanted: str) -> str:
        """Return a name that no column has: with the least number from 2 behind it."""
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return name
