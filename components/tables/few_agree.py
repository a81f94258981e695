"""Whether so few rows of a long table agree that no copy of a row matters, seen with four bytes per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sevenfold.tables.equal_hashes import HALF, PART, likely_repeated, named_hashes, repeated
from sevenfold.tables.row_hashes import Hashes, KeyColumn, near_hashes

__all__ = ["few_agree"]


def few_agree(columns: Sequence[KeyColumn], rows: int, few: float, most_numbers: int) -> bool:
    """Return whether the first columns alone show that at most `few` rows agree with another one.

    They do not where it takes all columns to see it. The columns are read some times.

    Args:
        columns: what rows are compared by.
        rows: the number of rows.
        few: how many rows may agree.
        most_numbers: numbers that are not whole from which on the first columns are asked.
    """
    fractional = 0
    for index, column in enumerate(columns):
        fractional += near_hashes(column.read(), None, index)[1]
        first = columns[: index + 1]
        if fractional * rows <= most_numbers or likely_repeated(_below(first, 2**64 // PART)) > few:
            continue
        halves = np.empty(rows, dtype=np.uint32)
        for span, totals in _totals(first):
            halves[span] = totals >> HALF
        halves.sort()
        named, shift = named_hashes(halves[1:][halves[1:] == halves[:-1]])
        del halves
        return len(repeated(np.concatenate([totals[named[totals >> shift]] for _, totals in _totals(first)]))) <= few
    return False


def _below(columns: Sequence[KeyColumn], limit: int) -> Hashes:
    return np.concatenate([totals[totals < np.uint64(limit)] for _, totals in _totals(columns)])


def _totals(columns: Sequence[KeyColumn]) -> Iterator[tuple[slice, Hashes]]:
    """Yield the hashes of some rows after the other: the sum of those of their columns, which have equal chunks."""
    hashed = (near_hashes(column.read(), None, index)[0] for index, column in enumerate(columns))
    for pieces in zip(*hashed, strict=True):
        yield pieces[0][0], np.add.reduce([hashes for _, hashes in pieces])
