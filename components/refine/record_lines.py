"""In which line of a file each row begins that OpenRefine's importer makes of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sevenfold.refine.import_csv import is_parquet, text_of_file
from sevenfold.tables.parquet import ParquetTable

__all__ = ["record_lines"]


def record_lines(path: Path, delimiter: str, encoding: str) -> NDArray[np.int64]:
    """Return of each row that `read_table` reads from a file the line it begins in, from 1; of Parquet its number."""
    if is_parquet(path):
        return np.arange(1, ParquetTable(path).rows + 1, dtype=np.int64)
    lines = _Lines(text_of_file(path, encoding))
    begins = []
    for record in csv.reader(lines, delimiter=delimiter, strict=True):
        if record:
            begins.append(lines.begin)
        lines.begin = 0
    return np.array(begins[1:], dtype=np.int64)


class _Lines:
    """The lines of a CSV without comments; `begin` is the number of the first one taken since it was set to 0."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(io.StringIO(text, newline=None), 1)
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
