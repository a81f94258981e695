"""Blocks: only texts that share a run of letters are compared, as the published library behind OpenRefine does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sevenfold.refine.clustering.java_order import java_hash, map_order
from sevenfold.refine.utf16 import joined, units

__all__ = ["blocks_of"]

_SPACES: Final = "".join(map(chr, range(33)))
_LEFT_OUT: Final = re.compile(r"[\x00-\x1f\x7f!-/:-@\[-`{-~]")  # control characters and punctuation of ASCII
_SEVERAL: Final = re.compile(" +")


def blocks_of(texts: Iterable[str], size: int) -> list[list[str]]:
    """Return the groups of texts that share a run of `size` letters, in the order in which OpenRefine looks at them.

    Case, punctuation and control characters of ASCII do not count, several spaces are one. A text with fewer letters
    is in no block.
    """
    runs: dict[str, dict[str, None]] = {}
    for text in texts:
        letters = units(_SEVERAL.sub(" ", _LEFT_OUT.sub("", text.strip(_SPACES))).lower())
        for place in range(len(letters) - size + 1):
            runs.setdefault(letters[place : place + size], {})[text] = None
    names = list(runs)
    order = map_order([java_hash(joined(name)) for name in names])
    return [list(runs[names[place]]) for place in order if len(runs[names[place]]) > 1]
