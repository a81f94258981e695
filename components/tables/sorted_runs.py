"""Hashes in a file, in order within each run of some, so that equal ones are counted a range of values at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

import numpy as np

from sevenfold.tables.numbers import NumberFile
from sevenfold.tables.row_hashes import Hashes

__all__ = ["SortedRuns"]

RUN: Final = 1 << 20  # hashes of a run, and about as many of a range: 8 MB


class SortedRuns:
    """A file of hashes, one after the other sorted run; memory holds a run and a copy of it.

    Args:
        folder: where the file is, which has no name; None for the system's folder of temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = NumberFile(folder, np.uint64)
        self._run: Hashes = np.empty(RUN, dtype=np.uint64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def fill(self, parts: Iterable[Hashes]) -> None:
        """Take all hashes, once."""
        used = 0
        for part in parts:
            done = 0
            while done < len(part):
                some = part[done : done + RUN - used]
                self._run[used : used + len(some)] = some
                used, done = used + len(some), done + len(some)
                if used == RUN:
                    self._write(used)
                    used = 0
        self._write(used)
        self._file.flush()

    def repeated(self) -> int:
        """Return how many hashes are there more than once, each of them counted."""
        return sum(_repeated(values) for values in self._ranges())

    def _write(self, count: int) -> None:
        run = self._run[:count]
        run.sort()
        self._file.append(run)

    def _ranges(self) -> Iterator[Hashes]:
        """Yield all hashes, those of one range of values after the other."""
        starts = range(0, len(self._file), RUN)
        count = len(starts) or 1
        borders = np.array([2**64 * part // count for part in range(1, count)], dtype=np.uint64)
        edges = []
        for start in starts:
            run = self._file[start : start + RUN]
            edges.append([start, *(start + np.searchsorted(run, borders)).tolist(), start + len(run)])
        for spans in zip(*(pairwise(each) for each in edges), strict=True):
            yield np.concatenate([self._file[start:stop] for start, stop in spans])


def _repeated(values: Hashes) -> int:
    values.sort()
    again = values[1:] == values[:-1]
    return int(np.count_nonzero(np.append(again, False) | np.insert(again, 0, False)))
