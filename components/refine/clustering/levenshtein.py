"""The Levenshtein distance between texts, for which case does not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor
from typing import Final

import numpy as np

from sevenfold.refine.utf16 import units

__all__ = ["Levenshtein"]

_CELLS: Final = 1 << 22  # distances held at once


class Levenshtein:
    """How many letters (UTF-16 units) must be replaced, added or left out to make one text of another."""

    def pairs(self, texts: Sequence[str], radius: float) -> Iterator[tuple[int, int]]:
        """Yield the positions of each two texts that are within the radius, ascending, the lower one first."""
        from rapidfuzz.distance import Levenshtein as Fast
        from rapidfuzz.process import cdist

        most = floor(radius)
        folded = [_folded(text) for text in texts]
        step = max(1, _CELLS // len(folded))
        for start in range(0, len(folded), step):
            rows = folded[start : start + step]
            found = cdist(rows, folded[start:], scorer=Fast.distance, score_cutoff=most, dtype=np.uint32, workers=1)
            firsts, seconds = np.nonzero(found <= most)
            for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
                if first < second:
                    yield start + first, start + second


def _folded(text: str) -> str:
    """Return a text in which each unit is the small letter that Java has for it alone."""
    letters = units(text)
    small = letters.lower()
    if len(small) == len(letters) and "\u03a3" not in letters:
        return small
    # Of the capital I with a dot only the letter counts, and a sigma is never a final one.
    return "".join(letter.lower()[0] for letter in letters)
