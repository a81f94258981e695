"""The order of texts in OpenRefine, which is Java's English collation and not the order of code points.

Letters count first, then accents, then case: ``_ 1 a A é f``. Spaces, tabs and hyphens count as accents do. Characters
that English has no place for come after all others, by code point.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["Key", "collation_key", "compare_texts"]

# Punctuation, signs and digits in order; eth stands between d and e.
_SIGNS = "_¯,;:!¡?¿/.´`^¨~·¸'\"«»()[]{}§¶©®@¤฿¢₡₢$₫€₣₤₥₦₧£₨₪₩¥*\\&#%+±÷×<=>¬|¦°µ0123456789¼½¾"
_PRIMARY = {sign: place for place, sign in enumerate(f"{_SIGNS}abcdðefghijklmnopqrstuvwxyz", 1)}
# What counts only between texts whose letters are equal, and as how much.
_LIGHT = {" ": 1, "\u00a0": 2, "\r": 14, "\t": 15, "\n": 16, "\f": 17, "\x0b": 18, "-": 109, "\u00ad": 110}
_ACCENTS = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u030d\u0308\u030b\u0303\u0307\u0304\u0337\u0327\u0328\u0323\u0332\u0305\u0309"
)
_ACCENTS += "".join(mark for mark in map(chr, range(0x30E, 0x340)) if mark not in _ACCENTS) + "\u0342\u0344\u0345"
_LIGHT |= {mark: 19 + place for place, mark in enumerate(_ACCENTS)}
_SPACES = "\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u3000\ufeff"
_LIGHT |= {space: 3 + place for place, space in enumerate(_SPACES)}
_LIGHT |= {"\u2000": _LIGHT["\u2002"], "\u2001": _LIGHT["\u2003"]}  # by definition the same characters
_LIGHT |= {dash: 111 + place for place, dash in enumerate("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")}
_NOTHING = frozenset("\u200b\u200c\u200d\u200e\u200f")  # what joins, parts and directs letters
_PAIRS = {"æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
_LAST = 1 << 15

Key = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
Weights = list[tuple[int, int, int]]


def compare_texts(left: str, right: str) -> int:
    """Return -1, 0 or 1 as the left text comes before, with or after the right one."""
    if left == right:
        return 0
    first, second = collation_key(left), collation_key(right)
    return (first > second) - (first < second)


@lru_cache(maxsize=65_536)
def collation_key(text: str) -> Key:
    """Return a key that sorts texts as OpenRefine does: letters, then accents, then case."""
    weights = [weight for letter in text for weight in _weights(letter) if weight != (0, 0, 0)]
    primary = tuple(first for first, _, _ in weights if first)
    return primary, tuple(second for _, second, _ in weights), tuple(third for _, _, third in weights)


def _weights(letter: str) -> Weights:
    if letter in _LIGHT:
        return [(0, _LIGHT[letter], int(letter == "-"))]
    small = letter.lower()
    if small in _PRIMARY:
        return [(_PRIMARY[small], 0, int(small != letter))]
    if small in _PAIRS:
        first, second = tuple(_PAIRS[small])
        return [(_PRIMARY[first], 0, 2 + (small != letter)), (_PRIMARY[second], 0, 1)]
    if unicodedata.category(letter) == "Cc" or letter in _NOTHING:
        return [(0, 0, 0)]
    base, *marks = list(unicodedata.normalize("NFD", letter))
    if marks and base.isascii() and all(mark in _LIGHT for mark in marks):
        return [*_weights(base), *((0, _LIGHT[mark], 0) for mark in marks)]
    return [(_LAST, 0, 0), (ord(letter), 0, 0)]
