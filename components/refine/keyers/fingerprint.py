"""The keys by which OpenRefine groups texts that differ in case, accents, punctuation and the order of words."""

from __future__ import annotations

import re
import unicodedata

from sevenfold.refine.utf16 import joined, units
from sevenfold.refine.white import WHITE

__all__ = ["fingerprint", "ngram_fingerprint", "plain"]

# Letters that are no ASCII letter with an accent, and what they count as.
_PAIRS = "ß=ss æ=ae ø=oe œ=oe ð=d đ=d ɖ=d þ=th ł=l ı=i ŉ=n ħ=h ŋ=n ŧ=t ĸ=k ſ=s ẜ=s ẝ=s ƿ=w ©=c"
_LETTERS = str.maketrans(dict(pair.split("=") for pair in _PAIRS.split()))
_WHITE = re.compile(f"[{WHITE}]+")


def _accent(letter: str) -> bool:
    """Return whether a letter is an accent: of the marks beside letters only those of Latin, Greek and Cyrillic."""
    return "\u0300" <= letter <= "\u036f" or unicodedata.category(letter) in ("Lm", "Sk")


def _dropped(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] == "P" or (category == "Cc" and letter not in WHITE)


def plain(text: str) -> str:
    """Return a text in lower case without accents, with plain letters for ligatures."""
    lowered = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in lowered if not _accent(letter)).translate(_LETTERS)


def fingerprint(text: str) -> str:
    """Return the different words of a text in order, without case, accents and punctuation."""
    kept = "".join(letter for letter in plain(text.strip(WHITE)) if not _dropped(letter))
    # White space at the end counts for nothing, at the beginning for an empty word.
    return " ".join(sorted(set(_WHITE.split(kept.rstrip(WHITE)))))


def ngram_fingerprint(text: str, size: int = 2) -> str:
    """Return the different runs of `size` letters of a text in order, without case, accents, spaces, punctuation."""
    kept = units("".join(letter for letter in plain(text) if not _dropped(letter) and letter not in WHITE))
    return joined("".join(sorted({kept[place : place + size] for place in range(len(kept) - size + 1)})))
