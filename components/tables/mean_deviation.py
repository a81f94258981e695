"""Mean and standard deviation of many numbers, those of numpy to the last bit, without a copy of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.numbers import Numbers

__all__ = ["mean_and_deviation"]

AT_ONCE: Final = 1 << 15  # values that the processor's cache holds

Map = Callable[[NDArray[Any]], NDArray[np.float64]]


def mean_and_deviation(values: Numbers, of: Map | None = None) -> tuple[float, float]:
    """Return what `numpy.mean` and `numpy.std` return of the values, or of what `of` makes of each.

    Args:
        values: at least one, shape ``[n]``.
        of: a function of each value alone that returns a new array.

    >>> mean_and_deviation(np.array([1.0, 2.0, 3.0, 4.0])) == (2.5, 1.25**0.5)
    True
    """
    mapped: Map = of or np.asarray

    def squares(some: NDArray[Any]) -> NDArray[np.float64]:
        apart = mapped(some) - mean
        apart *= apart
        return apart

    count = len(values)
    mean = _sum(values, 0, count, mapped) / count
    return float(mean), float(np.sqrt(_sum(values, 0, count, squares) / count))


def _sum(values: Numbers, start: int, count: int, of: Map) -> np.float64:
    """Return the sum by halves, divided where `numpy.sum` divides long arrays; numpy adds up the short ones."""
    if count <= AT_ONCE:
        total: np.float64 = np.add.reduce(of(values[start : start + count]))
        return total
    half = count // 2
    half -= half % 8
    return _sum(values, start, half, of) + _sum(values, start + half, count - half, of)
