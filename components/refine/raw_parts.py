"""The files of a table before its recipe, in parts or whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sevenfold.contracts.errors import DataError
from sevenfold.refine.import_parts import read_parts
from sevenfold.refine.raw_columns import RawColumns
from sevenfold.refine.table import Table
from sevenfold.refine.whole_table import joined, read_table
from sevenfold.tables.parts import check_part, part_names, table_name

__all__ = ["RawParts"]


class RawParts:
    """A table of one file or several, read as often as `parts` is called.

    Attributes:
        paths: its files.
        known: what is known of the parts so far.
        starts: of each file so far, how many rows are in those before it.
        begin: how many rows are before the part that came last.
        height: its rows.
    """

    def __init__(self, paths: tuple[Path, ...], delimiter: str, encoding: str, *, whole: bool) -> None:
        self.paths = paths
        self.known, self.starts = RawColumns(), [0]
        self.begin = self.height = 0
        self._names = part_names(paths)
        self._how = (delimiter, encoding)
        self._whole = whole

    def parts(self) -> Iterator[Table]:
        """Yield the parts, from the first one.

        Raises:
            DataError: ``no_rows``, ``part_columns``, and what `read_table` raises.
        """
        self.known, self.starts = RawColumns(), []
        for part in self._joined() if self._whole else self._each():
            self.begin, self.height = self.known.rows, part.height
            self.known.add(part)
            yield part
        if not self.known.rows:
            raise DataError("no_rows", f"A table must have rows, but {table_name(self.paths)} has a header only.")

    def _each(self) -> Iterator[Table]:
        """Yield the parts of each file, with the columns in the order of the first one's."""
        first: list[str] = []
        least: frozenset[str] = frozenset()  # what every part has
        for number, path in enumerate(self.paths):
            self.starts.append(self.known.rows)
            widest: list[str] = []
            for part in read_parts(path, *self._how):
                if number and not least.issubset(part.names):
                    check_part(part.names, first, self._names[number], self._names[0])
                least = least.intersection(part.names) if widest or number else frozenset(part.names)
                widest = max(widest, part.names, key=len)
                yield _ordered(part, first)
            first = first or widest
            check_part(widest, first, self._names[number], self._names[0])

    def _joined(self) -> Iterator[Table]:
        """Yield all files as one part."""
        parts = [read_table(path, *self._how) for path in self.paths]
        for part, name in zip(parts[1:], self._names[1:], strict=True):
            check_part(part.names, parts[0].names, name, self._names[0])
        for number in range(len(parts)):
            self.starts.append(sum(part.height for part in parts[:number]))
        yield joined(_ordered(part, parts[0].names) for part in parts)


def _ordered(part: Table, names: Sequence[str]) -> Table:
    """Return a part with the columns that have these names first, in that order."""
    if not names:
        return part
    known = [name for name in names if part.has(name)]
    more = [name for name in part.names if name not in names]
    return part.with_columns(part.column(name) for name in (*known, *more))
