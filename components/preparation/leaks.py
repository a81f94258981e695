"""Which features leak the target in the training rows: what gives it away is refused, what almost does is said."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind
from sevenfold.plan.data import DataSection
from sevenfold.preparation.training_rows import TrainingColumn, TrainingRows
from sevenfold.tables.leak_means import known_may_be_means, mean_share
from sevenfold.tables.leak_search import LeakSearch, Suspect
from sevenfold.tables.leakage import Evidence
from sevenfold.tables.masked import as_floats, level_codes

__all__ = ["LeakCheck", "Looked"]

MEANS_ROWS: Final = 20_000  # that a quick look for means takes


@dataclass(frozen=True)
class Looked:
    """A feature's values in some rows; and of a number the share of the rows with the target's mean, and its groups."""

    some: NDArray[Any]
    means: float = 0.0
    groups: int = 0


@dataclass
class LeakCheck:
    """Looks for leaks, first in each feature alone, then in all of them together, on a part of the training rows.

    Args:
        data: the target, and what may leak.
        train: the training rows.
        target: class index, or float64, of each row of the table.
        classes: the number of classes; 0 for regression.
        features: how many there will be.
    """

    data: DataSection
    train: InitVar[TrainingRows]
    target: NDArray[Any]
    classes: int
    features: int
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self, train: TrainingRows) -> None:
        self._some = train.at_most(LeakSearch.most_rows(self.features))
        self._every = np.arange(0, len(self.target), max(1, len(self.target) // MEANS_ROWS))
        target = self.target[self._some]
        self._search = LeakSearch(self.data.target, target.astype(np.int64) if self.classes else target, self.classes)

    @property
    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows whose values `look` asks a column for."""
        return self._some, self._every

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

    def look(self, kind: Kind, read: TrainingColumn) -> Looked:
        """Look at a feature's values; `add` takes what was seen."""
        some = read.at(self._some)
        if kind is Kind.CATEGORY:
            return Looked(level_codes(some, -1))
        floats = as_floats(some)
        if kind is not Kind.NUMBER:
            return Looked(floats)
        if not known_may_be_means(as_floats(read.at(self._every)), self.target[self._every], classes=self.classes):
            return Looked(floats)
        return Looked(floats, *mean_share(as_floats(read.whole.whole()), self.target, classes=self.classes))

    def add(self, name: str, kind: Kind, looked: Looked) -> None:
        """Take a feature that was looked at; the order of the features is that of the warnings."""
        if kind is Kind.CATEGORY:
            self._search.codes[name] = looked.some
            return
        self._search.numbers[name] = looked.some
        if looked.means:
            self.warnings.append(
                f"Column {name!r} holds what the target is on average in the rows of its {looked.groups:,} values, in "
                f"{looked.means:.1%} of all rows, those of the test too: compute it from the training rows alone."
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
