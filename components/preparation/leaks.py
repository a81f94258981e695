"""Which features leak the target in the training rows: what gives it away is refused, what almost does is said."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind
from sevenfold.plan.data import DataSection
from sevenfold.tables.leak_means import known_may_be_means, mean_share
from sevenfold.tables.leak_search import LeakSearch, Suspect
from sevenfold.tables.leakage import Evidence

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
        train: the training rows, in order.
        target: class index int64, or float64, of each row of the table.
        classes: the number of classes; 0 for regression.
        features: how many there will be.
    """

    data: DataSection
    train: InitVar[NDArray[np.int64]]
    target: NDArray[Any]
    classes: int
    features: int
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self, train: NDArray[np.int64]) -> None:
        self._rows = LeakSearch.rows(train, self.features).copy()  # so that the others need not be kept
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

    def look(self, kind: Kind, values: Any) -> Looked:
        """Look at a feature's values of all rows, Arrow of the type of its kind; `add` takes what was seen."""
        import pyarrow as pa

        some = values.take(pa.array(self._rows))
        if kind is Kind.CATEGORY:
            return Looked(some.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        floats = _floats(some)
        if kind is not Kind.NUMBER:
            return Looked(floats)
        every = np.arange(0, len(values), max(1, len(values) // MEANS_ROWS))
        if not known_may_be_means(_floats(values.take(pa.array(every))), self.target[every], classes=self.classes):
            return Looked(floats)
        return Looked(floats, *mean_share(_floats(values), self.target, classes=self.classes))

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


def _floats(values: Any) -> NDArray[np.float64]:
    """Return numbers, booleans or moments as float64, NaN for missing."""
    import pyarrow as pa

    numbers = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values
    floats: NDArray[np.float64] = numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats
