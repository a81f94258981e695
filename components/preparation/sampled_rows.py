"""Rows whose values are looked at more closely: taken from every column, and each set of them found again quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.masked import masked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SampledRows"]


class SampledRows:
    """The rows of some sets together: `rows` in ascending order, each once, shape ``[n]``.

    What is worked out for one column is kept for the others; several threads may ask at once.

    Args:
        sets: row numbers in ascending order.
    """

    def __init__(self, *sets: NDArray[np.int64]) -> None:
        together = np.sort(np.concatenate(sets))
        self.rows = together[np.append(True, together[1:] != together[:-1])[: len(together)]]
        self._sets = [(some, masked(self._found(some))) for some in sets]
        self._within: dict[tuple[int, int], pa.Array] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def within(self, start: int, stop: int) -> pa.Array:
        """Return the rows from `start` to `stop`, as int64 counted from `start`."""
        known = self._within.get((start, stop))
        if known is None:
            first, last = np.searchsorted(self.rows, (start, stop))
            known = self._within[start, stop] = masked(self.rows[first:last] - start)
        return known

    def places(self, some: NDArray[np.int64]) -> pa.Array:
        """Return where rows stand in `rows`, int64; of the very arrays that it was made of this is known already."""
        known = next((places for rows, places in self._sets if rows is some), None)
        return masked(self._found(some)) if known is None else known

    def _found(self, some: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.rows, some)
