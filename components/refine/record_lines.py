"""In which line of a file each row begins that OpenRefine's importer makes of it."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sevenfold.refine.import_csv import is_parquet
from sevenfold.refine.import_parts import text_blocks
from sevenfold.tables.parquet import ParquetTable

__all__ = ["record_lines"]


def record_lines(path: Path, delimiter: str, encoding: str) -> NDArray[np.int64]:
    """Return of each row that `read_table` reads from a file the line it begins in, from 1; of Parquet its number."""
    if is_parquet(path):
        return np.arange(1, ParquetTable(path).rows + 1, dtype=np.int64)
    lines = _Lines(chain.from_iterable(io.StringIO(text, newline="\n") for text in text_blocks(path, encoding)))
    begins = array("q")
    for record in csv.reader(lines, delimiter=delimiter, strict=True):
        if record:
            begins.append(lines.begin)
        lines.begin = 0
    return np.array(begins, dtype=np.int64)[1:]


class _Lines:
    """The lines of a CSV without comments; `begin` is the number of the first one taken since it was set to 0."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = enumerate(lines, 1)
        self._quoted = False
        self.begin = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for number, line in self._lines:
            if line.startswith("#") and not self._quoted:
                continue
            self._quoted ^= line.count('"') % 2 == 1
            self.begin = self.begin or number
            return line
        raise StopIteration
