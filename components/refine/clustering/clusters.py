"""A cluster: texts of a column that look like one, each with the number of its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.refine.columns import Column
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.utf16 import units

__all__ = ["Cluster", "counted", "in_order", "java_sorted"]


@dataclass(frozen=True)
class Cluster:
    """At least two texts, the most frequent first, texts that are equally frequent by their UTF-16 units.

    Args:
        texts: the texts.
        counts: how many cells hold each of them.
    """

    texts: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def value(self) -> str:
        """What OpenRefine proposes in place of all of them: the most frequent text."""
        return self.texts[0]

    @property
    def cells(self) -> int:
        """How many cells hold one of the texts."""
        return sum(self.counts)


def counted(column: Column) -> dict[str, int]:
    """Return how many cells hold each text, in the order in which they come first; null counts for nothing."""
    counts: dict[str, int] = {}
    codes, first, cells = np.unique(column.codes, return_index=True, return_counts=True)
    for place in np.argsort(first).tolist():
        value = column.values[codes[place]]
        if value is not None:
            text = java_text(value)
            counts[text] = counts.get(text, 0) + int(cells[place])
    return counts


def java_sorted(texts: Iterable[str]) -> list[str]:
    """Return texts in the order of their UTF-16 units."""
    texts = list(texts)
    if all(map(str.isascii, texts)):
        return sorted(texts)
    return sorted(texts, key=units)


def in_order(groups: Iterable[Sequence[str]], counts: Mapping[str, int]) -> list[Cluster]:
    """Return groups of texts as clusters, the largest first, equal ones in their order."""
    found = []
    for group in sorted(groups, key=len, reverse=True):
        texts = sorted(java_sorted(group), key=lambda text: -counts[text])
        found.append(Cluster(tuple(texts), tuple(counts[text] for text in texts)))
    return found
