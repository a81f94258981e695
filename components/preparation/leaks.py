"""Which features leak the target in the training rows: what gives it away is refused, what almost does is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind
from sevenfold.plan.data import DataSection
from sevenfold.tables.leak_means import mean_share
from sevenfold.tables.leak_search import LeakSearch, Suspect
from sevenfold.tables.leakage import Evidence

__all__ = ["LeakCheck"]


@dataclass
class LeakCheck:
    """Looks for leaks, first in each feature alone, then in all of them together, on a part of the training rows.

    Args:
        data: the target, and what may leak.
        train: the training rows, in order.
        target: class index int64, or float64, of each row of the table.
        classes: the number of classes; 0 for regression.
        features: how many there will be.
    """

    data: DataSection
    train: NDArray[np.int64]
    target: NDArray[Any]
    classes: int
    features: int
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rows = LeakSearch.rows(self.train, self.features)
        self._search = LeakSearch(self.data.target, self.target[self._rows], self.classes)

    def refuse(self, name: str, evidence: Evidence) -> bool:
        """Return whether a feature gives the target away and may.

        Raises:
            DataError: ``leakage_suspect`` where it may not.
        """
        if evidence.exact and name not in self.data.allow_leakage:
            raise DataError(
                "leakage_suspect",
                f"No column may reveal the target almost by itself, but {name!r} reveals {self.data.target!r}: "
                f"{evidence.text}.",
                remedy="If it is known only after the event, give it role: ignore; else name it in data.allow_leakage.",
            )
        return evidence.exact

    def add(self, name: str, kind: Kind, values: Any) -> None:
        """Take a feature's values of all rows, Arrow of the type of its kind."""
        import pyarrow as pa

        if kind is Kind.CATEGORY:
            codes = values.indices.take(pa.array(self._rows)).fill_null(-1)
            self._search.codes[name] = codes.to_numpy(zero_copy_only=False).astype(np.int64)
            return
        numbers = values.cast(pa.int64()) if kind is Kind.DATETIME else values
        floats = numbers.cast(pa.float64(), safe=False).fill_null(float("nan")).to_numpy(zero_copy_only=False)
        self._search.numbers[name] = floats[self._rows]
        if kind is Kind.NUMBER:
            self._means(name, floats)

    def _means(self, name: str, values: NDArray[np.float64]) -> None:
        share, groups = mean_share(values, self.target, classes=self.classes)
        if share:
            self.warnings.append(
                f"Column {name!r} holds what the target is on average in the rows of its {groups:,} values, in "
                f"{share:.1%} of all rows, those of the test too: compute it from the training rows alone."
            )

    def finish(self) -> list[str]:
        """Return what people should know of the suspects that are not refused.

        Raises:
            DataError: ``leakage_suspect`` where features together give the target away.
        """
        for suspect in self._search.suspects():
            allowed = set(suspect.columns) <= set(self.data.allow_leakage)
            if len(suspect.columns) > 1 and suspect.exact and not allowed:
                raise self._together(suspect)
            if len(suspect.columns) > 1 or not allowed:
                named = ", ".join(map(repr, suspect.columns))
                form = "Columns {} together almost give" if len(suspect.columns) > 1 else "Column {} almost gives"
                self.warnings.append(f"{form.format(named)} the target away: {suspect.text}.")
        return self.warnings

    def _together(self, suspect: Suspect) -> DataError:
        named = ", ".join(map(repr, suspect.columns))
        return DataError(
            "leakage_suspect",
            f"No columns may reveal the target together, but {named} reveal {self.data.target!r}: {suspect.text}.",
            remedy=f"Give one that is known only after the event role: ignore, such as {suspect.known_last[0]!r}; else "
            "name all of them in data.allow_leakage.",
        )
