"""The parts of moments: how each is computed, and which of a column can teach a model something."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Part

__all__ = ["DAY", "DAY_PARTS", "MINUTE", "MONDAY", "YEAR_PARTS", "part_steps", "varying_parts"]

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
    if not len(local):
        return ()
    minutes = local % DAY // MINUTE
    span = (int(local.max()) - int(local.min())) / DAY
    parts = []
    if int(minutes.min()) != int(minutes.max()):
        parts.append(Part.TIME_OF_DAY)
    if span >= WEEK_DAYS or not parts:
        parts.append(Part.WEEKDAY)
    if span >= YEAR_DAYS:
        parts.append(Part.DAY_OF_YEAR)
    return tuple(parts)
