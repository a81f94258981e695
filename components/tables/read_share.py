"""How many rows a table has, about, from the part of its files that is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["ReadShare"]


class ReadShare:
    """Follows the reading of a table's files.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"x" * 1_000)
    ...     file.flush()
    ...     share = ReadShare([Path(file.name)])
    ...     share.add(0.25)
    ...     share.of_all(1_000)
    4000

    Args:
        paths: the files, in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._sizes = [path.stat().st_size for path in paths]
        self._file = 0
        self._share = 0.0  # of the file that is being read
        self._known = True

    def next_file(self, number: int) -> None:
        """Begin with a file."""
        self._file, self._share = number, 0.0

    def add(self, share: float) -> None:
        """Add a share of the file's bytes to those that are read; 0 says that nobody knows."""
        self._share += share
        self._known &= share > 0

    def of_all(self, rows: int) -> int | None:
        """Return about how many rows there are, none fewer than those that are read; None where nothing tells."""
        read = sum(self._sizes[: self._file]) + self._share * self._sizes[self._file]
        return max(rows, round(rows * sum(self._sizes) / read)) if self._known and read else None
