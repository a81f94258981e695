"""Whether so few rows of a long table agree that no copy of a row matters, seen with their hashes in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sevenfold.tables.equal_hashes import PART, likely_repeated
from sevenfold.tables.row_hashes import Hashes, KeyColumn, near_hashes
from sevenfold.tables.sorted_runs import SortedRuns

__all__ = ["few_agree"]


def few_agree(
    columns: Sequence[KeyColumn], rows: int, few: float, most_numbers: int, scratch: Path | None = None
) -> bool:
    """Return whether the first columns alone show that at most `few` rows agree with another one.

    They do not where it takes all columns to see it. The columns are read some times.

    Args:
        columns: what rows are compared by.
        rows: the number of rows.
        few: how many rows may agree.
        most_numbers: numbers that are not whole from which on the first columns are asked.
        scratch: a folder for the hashes; None for the system's folder of temporary files.
    """
    fractional = 0
    for index, column in enumerate(columns):
        fractional += near_hashes(column.read(), None, index)[1]
        first = columns[: index + 1]
        if fractional * rows <= most_numbers or likely_repeated(_below(first, 2**64 // PART)) > few:
            continue
        with SortedRuns(scratch) as runs:
            runs.fill(_totals(first))
            return runs.repeated() <= few
    return False


def _below(columns: Sequence[KeyColumn], limit: int) -> Hashes:
    return np.concatenate([totals[totals < np.uint64(limit)] for totals in _totals(columns)])


def _totals(columns: Sequence[KeyColumn]) -> Iterator[Hashes]:
    """Yield the hashes of some rows after the other: the sum of those of their columns, which have equal chunks."""
    hashed = (near_hashes(column.read(), None, index)[0] for index, column in enumerate(columns))
    for pieces in zip(*hashed, strict=True):
        yield np.add.reduce([hashes for _, hashes in pieces])
