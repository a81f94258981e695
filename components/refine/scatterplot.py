"""The rows that a rectangle drawn in a scatterplot holds, from the axes that OpenRefine gives to the plot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.refine.columns import Mask
from sevenfold.refine.evaluate import Evaluated
from sevenfold.refine.facets import ScatterplotFacet

__all__ = ["in_rectangle"]

Numbers = NDArray[np.float64]
_BINS: Final = 100


def in_rectangle(facet: ScatterplotFacet, across: Evaluated, up: Evaluated) -> Mask:
    """Return per row whether its point lies in the rectangle, edges included.

    A row whose results are not two finite numbers has no point.

    Args:
        facet: the rectangle, its corners as shares of the axes.
        across: results of the expression of the x axis, of all rows.
        up: those of the y axis.
    """
    with np.errstate(all="ignore"):
        x, y = _share(across, facet.cx), _share(up, facet.cy)
        return (x >= facet.from_x) & (x <= facet.to_x) & (y >= facet.from_y) & (y <= facet.to_y)


def _share(results: Evaluated, column: str) -> Numbers:
    """Return where on its axis each row lies, from 0 to 1; NaN without a number, and infinite without a column."""
    numbers = np.array([_number(value) for value in results.values] or [np.nan], dtype=np.float64)
    low, high = _axis(_used(results)) if column else (np.float64(0), np.float64(0))
    shares: Numbers = ((numbers - low) / (high - low))[results.codes]
    return shares


def _used(results: Evaluated) -> list[float]:
    """Return the numbers that rows have, those in arrays included."""
    codes = np.unique(results.codes).tolist() if results.values else []
    values = (results.values[code] for code in codes)
    flat = (part for value in values for part in (value if isinstance(value, list) else [value]))
    return [number for number in map(_number, flat) if number == number]


def _number(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(float(value)):
        return float(value)
    return float("nan")


def _axis(numbers: Iterable[float]) -> tuple[np.float64, np.float64]:
    """Return the ends of an axis: those of the numbers, moved outwards to whole steps of at least a hundredth."""
    held = np.array(list(numbers), dtype=np.float64)
    low, high = (held.min(), held.max()) if len(held) else (np.float64(np.inf), np.float64(-np.inf))
    if low >= high:
        return min(low, high), min(low, high) + 1
    step, length = np.float64(1), high - low
    if length > 10:
        while step * _BINS < length:
            step *= 10
    else:
        while step * _BINS > length:
            step /= 10
    first, last = np.floor(low / step) * step, np.ceil(high / step) * step
    if (last - first) / step > _BINS:
        step *= 2
    return first, last + step if last <= high else last
