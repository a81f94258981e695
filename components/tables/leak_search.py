"""All ways in which columns may leak the target, in some rows: each suspect with the number that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leak_formula import find_formula
from sevenfold.tables.leak_others import left_by
from sevenfold.tables.leak_pairs import find_pair
from sevenfold.tables.leak_presence import presence_evidence
from sevenfold.tables.leak_product import find_product
from sevenfold.tables.leakage import Evidence, category_evidence, number_evidence

__all__ = ["ROWS", "LeakSearch", "Suspect"]

ROWS: Final = 5_000  # that are looked at
CELLS: Final = 1_500_000  # of them, in a wide table
FEWEST_ROWS: Final = 1_000
MIN_ROWS: Final = 100
LARGEST: Final = 1e60  # beyond it squares of products overflow
MIN_BASELINE: Final = 20  # rows outside the most frequent class
# what one column may leave of the errors or the variance: any, and one that stands out from all others
NEAR_VALUE: Final = 0.001
NEAR_CLASS: Final = 0.01
OUTSTANDING_VALUE: Final = 0.01
OUTSTANDING_CLASS: Final = 0.05
GAPS: Final = 0.02
TIMES: Final = 4.0  # how many times as much all others together must leave


@dataclass(frozen=True)
class Suspect:
    """Columns that give the target away, or almost.

    `exact` says that preparation refuses them unless allowed. `text` is a sentence with the number that shows it.
    `known_last` are those of the columns that seem to be known only with the target.
    """

    columns: tuple[str, ...]
    exact: bool
    text: str
    known_last: tuple[str, ...]


@dataclass
class LeakSearch:
    """Collects some rows of the features, one column after the other, and looks for leaks in all of them.

    Args:
        name: of the target.
        target: class index int64, or float64, of the rows that are looked at, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """

    name: str
    target: NDArray[Any]
    classes: int
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    codes: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # -1 for missing

    @staticmethod
    def rows(rows: NDArray[np.int64], columns: int) -> NDArray[np.int64]:
        """Return which of some rows to look at: evenly spaced ones, the fewer the more columns there are."""
        return rows[:: -(-len(rows) // LeakSearch.most_rows(columns)) or 1]

    @staticmethod
    def most_rows(columns: int) -> int:
        """Return how many rows to look at, at most."""
        return max(FEWEST_ROWS, min(ROWS, CELLS // max(1, columns)))

    def suspects(self) -> list[Suspect]:
        """Return the suspects: single columns, then combinations, each without what was left out for those before."""
        if len(self.target) < MIN_ROWS or np.abs(self.target).max() > LARGEST:
            return []
        for name, values in self.numbers.items():
            self.numbers[name] = np.where(np.abs(values) <= LARGEST, values, np.nan)
        with np.errstate(all="ignore"):  # what is no number is no suspect
            return self._found()

    def _found(self) -> list[Suspect]:
        found = self._single()
        gone = {suspect.columns[0] for suspect in found if suspect.exact}
        while True:
            numbers = {name: values for name, values in self.numbers.items() if name not in gone}
            suspect = self._classes_together(numbers) if self.classes else self._value_together(numbers)
            if suspect is None:
                return found
            found.append(suspect)
            gone |= set(suspect.known_last)

    def _single(self) -> list[Suspect]:
        found = []
        for name, missing in self._gaps():
            shown = self._alone(name)
            text = self._why(name, shown)
            if not text:
                gaps = presence_evidence(missing, self.target, classes=self.classes)
                text = gaps.text if gaps.left <= GAPS else ""
            if text:
                found.append(Suspect((name,), shown.exact, text, (name,)))
        return found

    def _gaps(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        yield from ((name, np.isnan(values)) for name, values in self.numbers.items())
        yield from ((name, codes < 0) for name, codes in self.codes.items())

    def _alone(self, name: str) -> Evidence:
        if name in self.codes:
            return category_evidence(self.codes[name], self.target, classes=self.classes)
        return number_evidence(self.numbers[name], self.target, classes=self.classes)

    def _why(self, name: str, shown: Evidence) -> str:
        """Return why a column is a suspect, or ""."""
        if self.classes and len(self.target) - np.bincount(self.target).max() < MIN_BASELINE:
            return ""
        near, outstanding = (NEAR_CLASS, OUTSTANDING_CLASS) if self.classes else (NEAR_VALUE, OUTSTANDING_VALUE)
        if shown.exact or shown.left <= near or (shown.renaming and shown.left <= outstanding):
            return shown.text
        if shown.left > outstanding or (not self.classes and name in self.codes):
            return ""
        others = left_by(
            {other: values for other, values in self.numbers.items() if other != name},
            {other: values for other, values in self.codes.items() if other != name},
            self.target,
            classes=self.classes,
        )
        if others < TIMES * shown.left:
            return ""
        return f"{shown.text}; it leaves {shown.left:.2%} unexplained, all others together {others:.2%}"

    def _value_together(self, numbers: dict[str, NDArray[np.float64]]) -> Suspect | None:
        formula = find_formula(numbers, self.target) or find_product(numbers, self.target)
        if formula is None:
            return None
        text = f"{formula.text(self.name)}, with R² {1 - formula.left:.6f} on {formula.rows:,} rows"
        return Suspect(tuple(formula.terms), formula.exact, text, formula.known_last)

    def _classes_together(self, numbers: dict[str, NDArray[np.float64]]) -> Suspect | None:
        pair = find_pair(numbers, self.target, classes=self.classes)
        if pair is None:
            return None
        text = f"{pair.text(self.name)}: {pair.evidence.text.removeprefix('alone it is ')}"
        both = (pair.first, pair.second)
        return Suspect(both, pair.exact, text, both)
