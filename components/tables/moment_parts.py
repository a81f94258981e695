"""The parts of moments: how each is computed, and which of a column can teach a model something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Part

__all__ = ["DAY", "DAY_PARTS", "MINUTE", "MONDAY", "YEAR_PARTS", "part_steps", "varying_parts"]
__all__ += ["varying_parts_of"]

DAY: Final = 86_400_000_000  # microseconds
MINUTE: Final = 60_000_000
MONDAY: Final = 3  # 1970-01-01 was a Thursday
# The Gregorian year is 365.2425 days; in ten-thousandths of a day it is a whole number.
DAY_PARTS: Final = 10_000
YEAR_PARTS: Final = 3_652_425
WEEK_DAYS: Final = 7
YEAR_DAYS: Final = 300  # rows that span less have not seen what a time of year means


def part_steps(local: NDArray[np.int64], part: Part) -> NDArray[np.int64]:
    """Return the minute of the day, the day of the week from Monday, or the day of the year, each from 0.

    Args:
        local: moments in the column's own time, microseconds as if they were UTC, shape ``[n]``, also before 1970.
        part: a cyclic one.
    """
    if part is Part.TIME_OF_DAY:
        return local % DAY // MINUTE
    if part is Part.WEEKDAY:
        return (local // DAY + MONDAY) % 7
    return local // DAY * DAY_PARTS % YEAR_PARTS // DAY_PARTS


def varying_parts(local: NDArray[np.int64]) -> tuple[Part, ...]:
    """Return the cyclic parts that vary, in the order of `Part`; at least one where there are two days or minutes.

    The time of day where rows differ in it, the weekday where they span a week or differ in nothing else, the day of
    the year where they span most of a year. What training has not seen, such as a Sunday, a model would make up.

    Args:
        local: moments in the column's own time, microseconds as if they were UTC, shape ``[n]``, none missing.
    """
    return varying_parts_of([local])


def varying_parts_of(pieces: Iterable[NDArray[np.int64]]) -> tuple[Part, ...]:
    """Return what `varying_parts` does, of moments that come some at a time."""
    extremes = np.array([_extremes(local) for local in pieces if len(local)], dtype=np.int64)
    if not len(extremes):
        return ()
    (first, _, earliest, _), (_, last, _, latest) = extremes.min(axis=0).tolist(), extremes.max(axis=0).tolist()
    span = (last - first) / DAY
    parts = []
    if earliest != latest:
        parts.append(Part.TIME_OF_DAY)
    if span >= WEEK_DAYS or not parts:
        parts.append(Part.WEEKDAY)
    if span >= YEAR_DAYS:
        parts.append(Part.DAY_OF_YEAR)
    return tuple(parts)


def _extremes(local: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """Return the first and the last moment, and the smallest and the largest minute of the day."""
    minutes = local % DAY // MINUTE
    return int(local.min()), int(local.max()), int(minutes.min()), int(minutes.max())
