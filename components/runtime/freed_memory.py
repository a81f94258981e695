"""Memory that was freed goes back to the system: else it stays with the process, and what comes next takes more."""

from __future__ import annotations

__all__ = ["FreedMemory", "give_memory_back"]


def give_memory_back() -> None:
    """Return to the system what this process freed."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


class FreedMemory:
    """Gives memory back now and then in a long loop, whose peak would grow with its length.

    Args:
        every: rows after which it is worth the pages that are taken anew.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._given = 0

    def after(self, rows: int) -> None:
        """Say how many rows are done, all together."""
        if rows - self._given >= self._every:
            self._given = rows
            give_memory_back()
