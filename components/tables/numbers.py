"""Many numbers that are looked at some at a time: in memory, or in a file that is shorter to read than to hold."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["IN_MEMORY", "NumberFile", "Numbers", "ends", "in_order", "pieces"]

AT_ONCE: Final = 1 << 17  # values that are looked at together
IN_MEMORY: Final = 1 << 21  # values up to which memory holds a column: 16 MB
BYTES: Final = 8


class Numbers(Protocol):
    """Int64 or float64 values, none missing. An array is one, too."""

    def __len__(self) -> int: ...

    def __getitem__(self, span: slice, /) -> Any:
        """Return the values from `span.start` to `span.stop` as an array."""


class NumberFile:
    """Values in a file without a name, which is gone when it is closed: appended first, and read from then on.

    `lowest` and `highest` are those of all values.

    Args:
        folder: where the file is; None for the system's folder of temporary files.
        kind: int64, uint64 or float64.
    """

    def __init__(self, folder: Path | None, kind: type[Any]) -> None:
        self.lowest: Any = None
        self.highest: Any = None
        self._kind = np.dtype(kind)
        self._count = 0
        self._stream = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `close`)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._count

    def append(self, values: NDArray[Any]) -> None:
        """Append values, converted to the kind of the file."""
        if not len(values):
            return
        values = np.ascontiguousarray(values, dtype=self._kind)
        low, high = values.min(), values.max()
        self.lowest = low if self.lowest is None else min(low, self.lowest)
        self.highest = high if self.highest is None else max(high, self.highest)
        self._stream.write(values.data)
        self._count += len(values)

    def flush(self) -> None:
        """Make what was appended readable."""
        self._stream.flush()

    def __getitem__(self, span: slice, /) -> NDArray[Any]:
        """Return the values of a span of step 1 as an array of their own."""
        start, stop, _ = span.indices(self._count)
        return read_numbers(self._stream.fileno(), start * BYTES, max(0, stop - start), self._kind)

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()


def read_numbers(file: int, offset: int, count: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return numbers that lie in an open file from a byte on."""
    values = np.empty(count, dtype=kind)
    left = values.data.cast("B") if count else memoryview(b"")
    while left:
        done = os.preadv(file, [left], offset)
        if not done:
            raise EOFError(f"A file must hold {count} numbers from byte {offset} on, but ends before.")
        left, offset = left[done:], offset + done
    return values


def pieces(values: Numbers) -> Iterator[NDArray[Any]]:
    """Yield all values in their order, some at a time."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def ends(values: Numbers) -> tuple[Any, Any]:
    """Return the smallest and the largest of the values, of which there is at least one."""
    if isinstance(values, NumberFile):
        return values.lowest, values.highest
    lows, highs = zip(*((some.min(), some.max()) for some in pieces(values)), strict=True)
    return min(lows), max(highs)


def in_order(values: Numbers) -> bool:
    """Whether no value is below the one before it."""
    last = None
    for some in pieces(values):
        if (last is not None and some[0] < last) or (some[1:] < some[:-1]).any():
            return False
        last = some[-1]
    return True


def _an_array_is_one(values: NDArray[Any]) -> Numbers:
    return cast(Numbers, values)
