"""Split a column into several."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sevenfold.refine.columns import Column
from sevenfold.refine.evaluate import Evaluated, merged
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.numerals import guessed_number
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.operations.split_text import Splitter, at_pattern, at_separator, by_lengths
from sevenfold.refine.step import refused
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["ColumnSplit", "numbered_names"]


class ColumnSplit(StepOnRows):
    """Cut the texts of a column into new columns behind it, named after it and numbered."""

    op: Literal["core/column-split"]
    column_name: str
    guess_cell_type: bool = False
    remove_original_column: bool = False
    mode: Literal["separator", "lengths"] | None = None
    separator: str | None = None
    regex: bool | None = None
    max_columns: int | None = None
    field_lengths: tuple[int, ...] | None = None
    columns_made: int | None = None  # no key of OpenRefine's: how many columns the table gave where this is done again
    columns_at_least: int = Field(0, exclude=True)  # nor this: how many another part of the table gave

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def check(self) -> None:
        """Refuse a split without its lengths, or without what it needs beside a separator."""
        super().check()
        self.splitter()

    def splitter(self) -> Splitter:
        """Return how a text is cut."""
        if self.mode != "separator":
            if self.field_lengths is None:
                raise refused(
                    "A column split must list fieldLengths unless its mode is separator, but they are missing."
                )
            return by_lengths(self.field_lengths)
        if self.regex is None or self.max_columns is None:
            missing = "regex" if self.regex is None else "maxColumns"
            raise refused(f"A column split at a separator must have regex and maxColumns, but {missing} is missing.")
        if self.regex:
            if self.separator is None:
                raise refused("A column split at a pattern must have one, but separator is missing.")
            return at_pattern(self.separator, self.max_columns)
        return at_separator(self.separator, self.max_columns)

    def apply(self, table: Table) -> Table:
        """Return the table with the parts in new columns."""
        at, split, rows = table.position(self.column_name), self.splitter(), self.rows(table)
        column = table.columns[at]
        used = set((column.codes if rows is None else column.codes[rows]).tolist())
        parts: list[list[Any]] = []
        for code, value in enumerate(column.values):
            cut = [] if code not in used or is_blank(value) or isinstance(value, EvalError) else split(java_text(value))
            parts.append([guessed_number(part) for part in cut] if self.guess_cell_type else cut)
        made = []
        count = max(self.columns_at_least, *map(len, parts), 0) if self.columns_made is None else self.columns_made
        for number, name in enumerate(numbered_names(table, column.name, count)):
            values = [part[number] if number < len(part) else None for part in parts]
            empty = Column.filled(name, None, table.height)
            made.append(merged(empty, Evaluated(column.codes, values), rows))
        split_table = table.inserted(at + 1, made)
        if not self.remove_original_column:
            return split_table
        return split_table.with_columns((*split_table.columns[:at], *split_table.columns[at + 1 :]))


def numbered_names(table: Table, name: str, count: int) -> list[str]:
    """Return `count` names made of a name and a number from 1; numbers whose name is taken are left out."""
    names: list[str] = []
    number = 1
    while len(names) < count:
        if not table.has(f"{name} {number}"):
            names.append(f"{name} {number}")
        number += 1
    return names
