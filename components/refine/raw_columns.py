"""What of a raw table is known after its recipe: its columns, and the texts that are frequent in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sevenfold.refine.table import Table

__all__ = ["RawColumns"]

FREQUENT: Final = 10  # rows with a text before it may stand in an example
_KEPT: Final = 1_000  # texts of a column that are counted


@dataclass
class RawColumns:
    """The names of a table's columns, and how many rows hold each text: of the first thousand, the most frequent first.

    `rows` counts those of all parts.
    """

    names: list[str] = field(default_factory=list)
    rows: int = 0
    _counts: dict[str, dict[str, int]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, table: Table) -> RawColumns:
        """Return what is known of a whole table."""
        known = cls()
        known.add(table)
        return known

    def add(self, part: Table) -> None:
        """Count the rows of a part."""
        self.names = max(self.names, part.names, key=len)
        self.rows += part.height
        for column in part.columns:
            counts = np.bincount(column.codes, minlength=len(column.values))
            known = self._counts.setdefault(column.name, {})
            for code in np.argsort(-counts, kind="stable")[:_KEPT].tolist():
                text = column.values[code]
                if isinstance(text, str) and (text in known or len(known) < _KEPT):
                    known[text] = known.get(text, 0) + int(counts[code])

    def frequent(self, names: Collection[str]) -> dict[str, str]:
        """Return the most frequent text of some columns, where it is frequent at all."""
        found = {}
        for name in sorted(names):
            counts = self._counts.get(name, {})
            text = max(counts, key=lambda text: counts[text], default="")
            if counts.get(text, 0) >= FREQUENT:
                found[name] = text
        return found
