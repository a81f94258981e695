"""How often hashes are equal, without a sorted copy of all."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.row_hashes import Hashes

__all__ = ["PART", "counts_of", "likely_repeated", "repeated"]

SORTED: Final = 1 << 21  # values that are sorted at once: memory holds a copy of no more
_HALF: Final = np.uint64(32)  # bits of a value
_ALL: Final = np.uint64(2**64 - 1)
PART: Final = 64  # one in so many values shows about how many are repeated


def repeated(values: Hashes) -> NDArray[np.int64]:
    """Return the rows whose value another row has, too, in order."""
    again = np.concatenate([_again(values, part) for part in _parts(values)])
    if not len(again):
        return np.zeros(0, dtype=np.int64)
    named, shift = _named(again)
    rows = _rows_of(values, named, shift)  # few more than those that are asked for
    _, cell, count = np.unique(values[rows], return_inverse=True, return_counts=True)
    return rows[count[cell] > 1]


def _named(halves: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], np.uint64]:
    """Return a table of which first bits some halves have, and the shift that leaves these of a whole value."""
    bits = min(24, len(halves).bit_length() + 4)
    shift = np.uint64(64 - bits)
    named = np.zeros(1 << bits, dtype=np.bool_)
    named[halves >> (shift - _HALF)] = True
    return named, shift


def _parts(values: Hashes) -> list[tuple[int, int]]:
    """Return ranges of hashes, first and last, that have about `SORTED` of the values each."""
    count = -(-len(values) // SORTED) or 1
    edges = [2**64 * part // count for part in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(edges)]


def _again(values: Hashes, part: tuple[int, int]) -> NDArray[np.uint32]:
    """Return the first halves of the values of a range that are there more than once, in order.

    Halves are sorted in half the time; few are equal that belong to different values.
    """
    low, high = map(np.uint64, part)
    pieces = (values[start : start + SORTED] for start in range(0, len(values) or 1, SORTED))
    inside = (some if high - low == _ALL else some[(some >= low) & (some <= high)] for some in pieces)
    ordered = np.concatenate([(some >> _HALF).astype(np.uint32) for some in inside])
    ordered.sort()
    again: NDArray[np.uint32] = ordered[1:][ordered[1:] == ordered[:-1]]
    return again


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
    ordered = np.sort(values[_rows_of(values, named, shift)])  # without most of those that nobody asks for
    return np.searchsorted(ordered, wanted, side="right") - np.searchsorted(ordered, wanted, side="left")


def _rows_of(values: Hashes, named: NDArray[np.bool_], shift: np.uint64) -> NDArray[np.int64]:
    """Return the rows of the values whose first bits, those that `shift` leaves, are named."""
    starts = range(0, max(1, len(values)), SORTED)
    return np.concatenate([start + np.flatnonzero(named[values[start : start + SORTED] >> shift]) for start in starts])
