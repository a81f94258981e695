"""The order in which Java's hash maps hold their keys, which decides the order of clusters of equal size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sevenfold.refine.utf16 import units

__all__ = ["hash_of_set", "java_hash", "map_order"]

_BITS: Final = (1 << 32) - 1
_SMALL: Final = 64  # slots below which a full one makes the map grow
_FULL: Final = 8  # keys in a slot


def java_hash(text: str) -> int:
    """Return what `String.hashCode` gives, as 32 bits without a sign."""
    code = 0
    for letter in units(text):
        code = (31 * code + ord(letter)) & _BITS
    return code


def hash_of_set(codes: Sequence[int]) -> int:
    """Return the hash of a set whose members have the given ones."""
    return sum(codes) & _BITS


def map_order(codes: Sequence[int]) -> list[int]:
    """Return in which order a `HashMap` lists keys that were put into it in the given order.

    Args:
        codes: the hash of each key; the keys differ.

    Slots come in order, and in a slot the keys as they were put in. Nine keys or more in one slot, which takes texts
    made for it, may come in another order in Java.
    """
    spread = [code ^ (code >> 16) for code in codes]
    size = _slots(spread)
    return sorted(range(len(spread)), key=lambda place: spread[place] & (size - 1))


def _slots(spread: Sequence[int]) -> int:
    """Return how many slots the map has in the end."""
    size = 16
    for count in range(1, len(spread) + 1):
        if size < _SMALL:
            slot = spread[count - 1] & (size - 1)
            if sum(other & (size - 1) == slot for other in spread[: count - 1]) >= _FULL:
                size *= 2
        if 4 * count > 3 * size:
            size *= 2
    return size
