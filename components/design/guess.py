"""What a column's texts are taken for, and what a person must be asked about them."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.contracts.schema import Column, Kind

__all__ = ["Guess"]


@dataclass(frozen=True)
class Guess:
    """The kind of a column and how its texts are read.

    `why` explains it in the plan. `question` is what only a person can say, with the keys that say it; such a column is
    left as it is.
    """

    kind: Kind
    date_format: str = ""
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    time_zone: str = ""
    why: str = ""
    question: str = ""

    @property
    def column(self) -> Column:
        """The column as a plan would declare it."""
        return Column(
            kind=self.kind,
            date_format=self.date_format,
            true_values=self.true_values,
            false_values=self.false_values,
            symbols=self.symbols,
            time_zone=self.time_zone,
        )

    @staticmethod
    def of(column: Column) -> Guess:
        """Return the guess that says what a plan declares."""
        return Guess(
            column.kind, column.date_format, column.true_values, column.false_values, column.symbols, column.time_zone
        )
