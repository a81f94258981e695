"""The order of texts in OpenRefine, which is Java's English collation and not the order of code points.

Letters come before case and accents: ``_ 1 a A é f``. Spaces and hyphens count only between texts that are otherwise
equal. Known are the characters of Latin-1 and the letters made of one of them and accents.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from sevenfold.contracts.errors import DataError

__all__ = ["collation_key", "compare_texts"]

_PRIMARY = "_,;:!?/.`^~'\"()[]{}@$€*\\&#%+<=>|0123456789"
_LIGHTLY = " \t-\u00a0"  # no difference of their own but against equal letters
_LIGHT_ORDER = {" ": 1, "\u00a0": 1, "\t": 2, "-": 3}
_EXPANDED = {"ß": "ss", "æ": "ae", "Æ": "AE"}


def compare_texts(left: str, right: str) -> int:
    """Return -1, 0 or 1 as the left text comes before, with or after the right one.

    Raises:
        DataError: ``refine_collation`` for a character outside of what is known.
    """
    if left == right:
        return 0
    first, second = collation_key(left), collation_key(right)
    return (first > second) - (first < second)


Key = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@lru_cache(maxsize=65_536)
def collation_key(text: str) -> Key:
    """Return a key that sorts texts as OpenRefine does: letters, then accents, then case."""
    primary: list[int] = []
    secondary: list[int] = []
    tertiary: list[int] = []
    for letter in text:
        for part in _EXPANDED.get(letter, letter):
            first, second, third = _weights(part)
            if first:
                primary.append(first)
            secondary.append(second)
            tertiary.append(third)
    return tuple(primary), tuple(secondary), tuple(tertiary)


def _weights(letter: str) -> tuple[int, int, int]:
    base, *accents = list(unicodedata.normalize("NFD", letter))
    if letter in _LIGHT_ORDER:
        return 0, 1_000 + _LIGHT_ORDER[letter], 0
    if base in _PRIMARY and not accents:
        return _PRIMARY.index(base) + 1, 0, 0
    if base.isascii() and base.isalpha() and len(accents) < 2:
        rank = _accent(accents[0]) if accents else 0
        return 100 + ord(base.lower()), rank, int(base.isupper())
    raise DataError(
        "refine_collation",
        f"Texts with {letter!r} (U+{ord(letter):04X}) cannot be put in OpenRefine's order.",
        remedy="Sort or compare by a column without such characters.",
    )


# Java's order of accents, from acute to macron.
_ACCENTS = "\u0301\u0300\u0306\u0302\u030c\u030a\u030d\u0308\u030b\u0303\u0307\u0328\u0327\u0304"


def _accent(mark: str) -> int:
    if mark not in _ACCENTS:
        raise DataError(
            "refine_collation",
            f"Texts with the accent U+{ord(mark):04X} cannot be put in OpenRefine's order.",
            remedy="Sort or compare by a column without such characters.",
        )
    return 1 + _ACCENTS.index(mark)
