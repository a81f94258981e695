"""A column of whole numbers, floats or moments that stays in the store's file while it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.numbers import BYTES, read_numbers

__all__ = ["StoredNumbers"]


class StoredNumbers:
    """Int64 or float64 values of which none is missing, in pieces of an open file; `tables.numbers.Numbers`.

    Args:
        file: its descriptor.
        kind: of the values, 64 bits.
        offsets: where each piece begins, in bytes.
        rows: how many values each has.
    """

    def __init__(self, file: int, kind: type[Any], offsets: Sequence[int], rows: Sequence[int]) -> None:
        self._file = file
        self._kind = np.dtype(kind)
        self._offsets = offsets
        self._ends = np.array([0, *accumulate(rows)], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, span: slice, /) -> NDArray[Any]:
        """Return the values of a span of step 1 as an array of their own."""
        start, stop, _ = span.indices(len(self))
        parts = []
        at = int(np.searchsorted(self._ends, start, side="right")) - 1
        while start < stop:
            until = min(stop, int(self._ends[at + 1]))
            offset = self._offsets[at] + BYTES * (start - int(self._ends[at]))
            parts.append(read_numbers(self._file, offset, until - start, self._kind))
            start, at = until, at + 1
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, dtype=self._kind), *parts])
