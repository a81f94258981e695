"""Which rows of a table train, and what one look at a column collects of them, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.masked import absent, as_numbers
from sevenfold.tables.split import SPLITS, TRAIN, side_sizes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TrainingColumn", "TrainingRows"]

AT_ONCE: Final = 1 << 20


class TrainingRows:
    """The training rows of a table, found some at a time: there are too many for a list of their numbers.

    Args:
        sides: side of each row, shape ``[n]``.
    """

    def __init__(self, sides: NDArray[np.int8]) -> None:
        self._sides = sides
        self._sizes = side_sizes(sides)
        self.count = self._sizes[TRAIN]

    def every(self, step: int) -> NDArray[np.int64]:
        """Return the numbers of the first training row and of each `step`-th after it, in order."""
        found, done = [np.zeros(0, dtype=np.int64)], 0
        for start in range(0, len(self._sides), AT_ONCE):
            rows = np.flatnonzero(self._sides[start : start + AT_ONCE] == TRAIN)
            found.append(start + rows[-done % step :: step])
            done += len(rows)
        return np.concatenate(found)

    def at_most(self, rows: int) -> NDArray[np.int64]:
        """Return the numbers of evenly spaced training rows, at most `rows`; all where there are no more."""
        return self.every(-(-self.count // rows) or 1)

    def read(self, values: ColumnChunks, sampled: NDArray[np.int64]) -> TrainingColumn:
        """Read a column once.

        Args:
            values: of all rows.
            sampled: rows in ascending order whose values `TrainingColumn.at` may be asked for.
        """
        import pyarrow as pa

        collected = _collector(values.kind, self.count)
        without, taken = np.zeros(len(SPLITS), dtype=np.int64), []
        for span, chunk in values.spans():
            sides = self._sides[span]
            alone = bool(len(sides)) and bool((sides == sides[0]).all())  # as most chunks are of a split by time
            if alone and sides[0] != TRAIN:
                without[sides[0]] += chunk.null_count
            elif alone:
                without[TRAIN] += chunk.null_count
                collected.add(chunk.drop_null() if chunk.null_count else chunk)
            else:
                wanted, gaps = sides == TRAIN, absent(chunk)
                if gaps is not None:
                    without += np.bincount(sides[gaps], minlength=len(SPLITS))
                    wanted &= ~gaps
                collected.add(chunk.filter(pa.array(wanted)))
            first, last = np.searchsorted(sampled, (span.start, span.stop))
            taken.append(chunk.take(pa.array(sampled[first:last] - span.start)))
        shares = zip(SPLITS, without.tolist(), self._sizes, strict=True)
        missing = {side: gaps / rows for side, gaps, rows in shares if rows}
        some = ColumnChunks(values.kind, len(sampled), lambda: taken).whole()
        return TrainingColumn(values, missing, collected.values, int(without[TRAIN]), sampled, some)


@dataclass(frozen=True)
class TrainingColumn:
    """What one look at a column gave.

    `present` holds the training values that are not missing, moments as microseconds; of categories it holds how often
    each level of the dictionary is there. `gaps` counts the training rows without a value, and `missing` has the share
    of such rows per side of the split.
    """

    whole: ColumnChunks
    missing: dict[str, float]
    present: NDArray[Any]
    gaps: int
    _rows: NDArray[np.int64]
    _values: pa.Array

    @property
    def dictionary(self) -> list[str]:
        """The levels of a column of categories."""
        levels: list[str] = self._values.dictionary.to_pylist()
        return levels

    def at(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the values of rows that were sampled when the column was read."""
        import pyarrow as pa

        if len(rows) == len(self._rows):
            return self._values
        return self._values.take(pa.array(np.searchsorted(self._rows, rows)))


class _Present:
    """Collects numbers in one array."""

    def __init__(self, most: int, kind: type[Any]) -> None:
        self._array, self._count = np.empty(most, dtype=kind), 0

    @property
    def values(self) -> NDArray[Any]:
        return self._array[: self._count]

    def add(self, chunk: pa.Array) -> None:
        some = as_numbers(chunk)
        self._array[self._count : self._count + len(some)] = some
        self._count += len(some)


class _Levels:
    """Counts the levels of a dictionary."""

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.zeros(0, dtype=np.int64)

    def add(self, chunk: pa.DictionaryArray) -> None:
        counts = np.bincount(as_numbers(chunk.indices), minlength=len(chunk.dictionary))
        self.values = self.values + counts if len(self.values) else counts


def _collector(kind: pa.DataType, most: int) -> _Levels | _Present:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _Levels()
    return _Present(most, np.int64 if pa.types.is_timestamp(kind) else np.float64)
