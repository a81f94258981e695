"""How often hashes are equal, without sorting those that are equal to none."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.row_hashes import Hashes

__all__ = ["counts_of", "likely_repeated", "repeated"]

PART: Final = 64  # one in so many values shows about how many are repeated


def repeated(values: Hashes) -> NDArray[np.int64]:
    """Return the rows whose value another row has, too, in order."""
    shift = np.uint64(64 - min(20, len(values).bit_length() + 1))
    slots = (values >> shift).view(np.int64)
    crowded = np.bincount(slots) > 1  # most rows have a slot for themselves: no need to sort them
    rows = np.flatnonzero(crowded[slots])
    ordered = np.sort(values[rows])  # by far faster than with its inverse, which most tables need of no row
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(again):
        return rows[:0]
    named = np.zeros(len(crowded), dtype=np.bool_)
    named[again >> shift] = True
    rows = rows[named[slots[rows]]]
    _, cell, count = np.unique(values[rows], return_inverse=True, return_counts=True)
    return rows[count[cell] > 1]


def likely_repeated(values: Hashes) -> int:
    """Return about how many rows have a value that another row has, too, from those of a small share of the values."""
    some = np.sort(values[values < np.uint64(2**64 // PART)])
    again = some[1:] == some[:-1]
    return PART * int(np.count_nonzero(np.append(again, False) | np.insert(again, 0, False)))


def counts_of(values: Hashes, wanted: Hashes) -> NDArray[np.int64]:
    """Return how often each of `wanted` is among `values`."""
    bits = min(20, len(wanted).bit_length() + 3)
    shift = np.uint64(64 - bits)
    named = np.zeros(2**bits, dtype=np.bool_)
    named[wanted >> shift] = True
    ordered = np.sort(values[named[values >> shift]])  # without most of those that nobody asks for
    return np.searchsorted(ordered, wanted, side="right") - np.searchsorted(ordered, wanted, side="left")
