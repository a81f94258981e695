"""Numbers in ascending order, without sorting those that are too many for memory."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from sevenfold.tables.numbers import IN_MEMORY, Numbers, in_order, pieces
from sevenfold.tables.order_statistics import at_ranks

__all__ = ["Ordered", "ordered"]


class Ordered(Protocol):
    """Numbers in ascending order; none is NaN."""

    def at(self, rank: int) -> Any:
        """Return the value at a rank from 0."""

    def below(self, value: Any) -> int:
        """Return how many values are below a value."""

    def up_to(self, value: Any) -> int:
        """Return how many values are not above a value."""


def ordered(values: Numbers) -> Ordered:
    """Return numbers as if they were sorted: of many that are in no order each question takes some passes."""
    if in_order(values):  # as tables mostly are in order of time
        return _InOrder(values)
    return _InOrder(np.sort(values[:])) if len(values) <= IN_MEMORY else _InNoOrder(values)


class _InOrder:
    def __init__(self, values: Numbers) -> None:
        self._values = _Items(values)

    def at(self, rank: int) -> Any:
        return self._values[rank]

    def below(self, value: Any) -> int:
        return bisect.bisect_left(self._values, value)

    def up_to(self, value: Any) -> int:
        return bisect.bisect_right(self._values, value)


class _Items(Sequence[Any]):
    """Numbers one by one."""

    def __init__(self, values: Numbers) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, at: Any) -> Any:
        return self._values[at : at + 1][0]


class _InNoOrder:
    def __init__(self, values: Numbers) -> None:
        self._values = values

    def at(self, rank: int) -> Any:
        return at_ranks(self._values, rank, rank)[0]

    def below(self, value: Any) -> int:
        return self._count(lambda some: some < value)

    def up_to(self, value: Any) -> int:
        return self._count(lambda some: some <= value)

    def _count(self, where: Callable[[Any], Any]) -> int:
        return sum(int(np.count_nonzero(where(some))) for some in pieces(self._values))
