"""Which rows of a table train, and what one look at a column collects of them, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.preparation.sampled_rows import SampledRows
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.masked import absent, chosen_numbers
from sevenfold.tables.numbers import IN_MEMORY, NumberFile, Numbers, ends
from sevenfold.tables.split import SPLITS, TRAIN, side_sizes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TrainingColumn", "TrainingRows"]

AT_ONCE: Final = 1 << 20


class TrainingRows:
    """The training rows of a table, found some at a time: there are too many for a list of their numbers.

    Args:
        sides: side of each row, shape ``[n]``.
        scratch: a folder for the values of a column that are too many for memory; None for the system's.
    """

    def __init__(self, sides: NDArray[np.int8], scratch: Path | None = None) -> None:
        self._sides = sides
        self._scratch = scratch
        self._sizes = side_sizes(sides)
        self._alone: dict[tuple[int, int], int | None] = {}
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

    def read(self, values: ColumnChunks, sampled: SampledRows) -> TrainingColumn:
        """Read a column once; what it gives is to be closed.

        Args:
            values: of all rows.
            sampled: rows whose values `TrainingColumn.at` may be asked for.
        """
        collected = self._collector(values.kind)
        without, taken = np.zeros(len(SPLITS), dtype=np.int64), []
        for span, chunk in values.spans():
            side = self._one_side(span)
            if side is not None:
                without[side] += chunk.null_count
                if side == TRAIN:
                    collected.add(chunk)
            else:
                sides, gaps = self._sides[span], absent(chunk)
                if gaps is not None:
                    without += np.bincount(sides[gaps], minlength=len(SPLITS))
                collected.add(chunk, sides == TRAIN)
            taken.append(chunk.take(sampled.within(span.start, span.stop)))
        shares = zip(SPLITS, without.tolist(), self._sizes, strict=True)
        missing = {side: gaps / rows for side, gaps, rows in shares if rows}
        some = ColumnChunks(values.kind, len(sampled), lambda: taken).whole()
        return TrainingColumn(values, missing, collected.close(), int(without[TRAIN]), sampled, some)

    def _one_side(self, span: slice) -> int | None:
        """Return the side that all of some rows are on, None where there are several; kept for the next column."""
        key = span.start, span.stop
        if key not in self._alone:
            sides = self._sides[span]
            alone = bool(len(sides)) and bool((sides == sides[0]).all())  # as most chunks are of a split by time
            self._alone[key] = int(sides[0]) if alone else None
        return self._alone[key]

    def _collector(self, kind: pa.DataType) -> _Levels | _Filed | _Present:
        import pyarrow as pa

        if pa.types.is_dictionary(kind):
            return _Levels()
        stored = np.int64 if pa.types.is_timestamp(kind) else np.float64
        return _Present(self.count, stored) if self.count <= IN_MEMORY else _Filed(NumberFile(self._scratch, stored))


@dataclass(frozen=True)
class TrainingColumn:
    """What one look at a column gave.

    `present` holds the training values that are not missing, moments as microseconds; of categories it holds how often
    each level of the dictionary is there, as `counts` does. `gaps` counts the training rows without a value, and
    `missing` has the share of such rows per side of the split.
    """

    whole: ColumnChunks
    missing: dict[str, float]
    present: Numbers
    gaps: int
    _rows: SampledRows
    _values: pa.Array

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if isinstance(self.present, NumberFile):
            self.present.close()

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each level of a column of categories is there."""
        counts: NDArray[np.int64] = self.present[:]
        return counts

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """The smallest and the largest of the values that are present."""
        return ends(self.present)

    @property
    def dictionary(self) -> list[str]:
        """The levels of a column of categories."""
        levels: list[str] = self._values.dictionary.to_pylist()
        return levels

    def at(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the values of rows that were sampled when the column was read."""
        if len(rows) == len(self._rows):
            return self._values
        return self._values.take(self._rows.places(rows))


class _Present:
    """Collects numbers in one array."""

    def __init__(self, most: int, kind: type[Any]) -> None:
        self._array, self._count = np.empty(most, dtype=kind), 0

    def close(self) -> NDArray[Any]:
        return self._array[: self._count]

    def add(self, chunk: pa.Array, wanted: NDArray[np.bool_] | None = None) -> None:
        some = chosen_numbers(chunk, wanted)
        self._array[self._count : self._count + len(some)] = some
        self._count += len(some)


class _Filed:
    """Collects numbers in a file."""

    def __init__(self, file: NumberFile) -> None:
        self._file = file

    def close(self) -> NumberFile:
        self._file.flush()
        return self._file

    def add(self, chunk: pa.Array, wanted: NDArray[np.bool_] | None = None) -> None:
        self._file.append(chosen_numbers(chunk, wanted))


class _Levels:
    """Counts the levels of a dictionary."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def close(self) -> NDArray[np.int64]:
        return self._counts

    def add(self, chunk: pa.DictionaryArray, wanted: NDArray[np.bool_] | None = None) -> None:
        counts = np.bincount(chosen_numbers(chunk, wanted), minlength=len(chunk.dictionary))
        self._counts = self._counts + counts if len(self._counts) else counts
