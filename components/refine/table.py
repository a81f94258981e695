"""A table as OpenRefine holds one: named columns of cells, and per row a star and a flag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column, Mask, Rows

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length in their order, and which rows are starred and flagged.

    `sources` says of each row which row of the table that was read it was made from, and -1 of one that a step added;
    None where no step has moved any.
    """

    columns: tuple[Column, ...]
    starred: Mask
    flagged: Mask
    sources: Rows | None = None

    @classmethod
    def of(cls, columns: Iterable[Column], count: int) -> Table:
        """Make a table without stars and flags."""
        return cls(tuple(columns), np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_))

    @classmethod
    def of_rows(cls, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
        """Make a table of rows of cells."""
        return cls.of((Column.of(name, [row[at] for row in rows]) for at, name in enumerate(names)), len(rows))

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.starred)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def has(self, name: str) -> bool:
        """Return whether there is a column of that name."""
        return any(column.name == name for column in self.columns)

    @property
    def from_rows(self) -> Rows:
        """Per row the number of the row that it was made from, -1 for one that a step added."""
        return np.arange(self.height) if self.sources is None else self.sources

    def position(self, name: str) -> int:
        """Return where a column stands.

        Raises:
            DataError: ``refine_column``, there is none of that name.
        """
        for at, column in enumerate(self.columns):
            if column.name == name:
                return at
        raise DataError(
            "refine_column",
            f"A step needs column {name!r}, but the table has {', '.join(map(repr, self.names[:20])) or 'none'}.",
            remedy="Apply the history to the table that it was recorded on, or to one with the same columns.",
        )

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises:
            DataError: ``refine_column``, there is none.
        """
        return self.columns[self.position(name)]

    def require_new(self, name: str) -> None:
        """Refuse a new column's name that another has.

        Raises:
            DataError: ``refine_column``.
        """
        if self.has(name):
            raise DataError(
                "refine_column",
                f"A step makes column {name!r}, but the table has one of that name.",
                remedy="Apply the history to the table that it was recorded on, before its steps were done.",
            )

    def with_columns(self, columns: Iterable[Column]) -> Table:
        """Return the same rows with other columns."""
        return replace(self, columns=tuple(columns))

    def with_column(self, column: Column) -> Table:
        """Return the table with one column in place of that of its name."""
        at = self.position(column.name)
        return self.with_columns((*self.columns[:at], column, *self.columns[at + 1 :]))

    def inserted(self, at: int, columns: Sequence[Column]) -> Table:
        """Return the table with more columns before the given position."""
        return self.with_columns((*self.columns[:at], *columns, *self.columns[at:]))

    def take(self, rows: Rows | Mask) -> Table:
        """Return the given rows, in their order."""
        columns = tuple(column.take(rows) for column in self.columns)
        return Table(columns, self.starred[rows], self.flagged[rows], self.from_rows[rows])
