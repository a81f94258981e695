"""The Levenshtein distance between texts, for which case does not count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import Final

import numpy as np

from sevenfold.refine.utf16 import units

__all__ = ["Levenshtein"]

_CELLS: Final = 1 << 22  # distances held at once


class Levenshtein:
    """How many letters (UTF-16 units) must be replaced, added or left out to make one text of another."""

    def compare(self, texts: Sequence[str], start: int, radius: float) -> tuple[int, list[tuple[int, int]]]:
        """Compare as many texts with those after them as fit into memory at once."""
        from rapidfuzz.distance import Levenshtein as Fast
        from rapidfuzz.process import cdist

        most = floor(radius)
        folded = [_folded(text) for text in texts[start:]]
        rows = folded[: max(1, _CELLS // len(folded))]
        found = cdist(rows, folded, scorer=Fast.distance, score_cutoff=most, dtype=np.uint32, workers=1)
        near = np.argwhere(np.triu(found <= most, 1)) + start
        return start + len(rows), [(first, second) for first, second in near.tolist()]


@lru_cache(maxsize=1 << 17)
def _folded(text: str) -> str:
    """Return a text in which each unit is the small letter that Java has for it alone."""
    letters = units(text)
    small = letters.lower()
    if len(small) == len(letters) and "\u03a3" not in letters:
        return small
    # Of the capital I with a dot only the letter counts, and a sigma is never a final one.
    return "".join(letter.lower()[0] for letter in letters)
