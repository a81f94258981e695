"""The offsets of a time zone from UTC over some years, as a table that needs no time zone database to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.moments import EARLIEST_YEAR, EPOCH, LATEST_YEAR, MICROSECOND

__all__ = ["YEARS_AHEAD", "local_times", "offset_table", "shifted"]

YEARS_AHEAD: Final = 30  # that a table reaches beyond the last moment it is made for
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)


def offset_table(time_zone: str, first: int, last: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return when the offset of a time zone changes, and the offsets before, between and after, in microseconds.

    The table begins with the year before that of `first` and ends 30 years after that of `last`. Before and beyond it,
    the first and the last offset hold on.

    Args:
        time_zone: a name of the IANA database; empty is UTC.
        first: the earliest moment that the table is made for, microseconds since 1970 UTC.
        last: the latest.

    >>> offset_table("Asia/Tokyo", 0, 0)
    ((), (32400000000,))
    """
    if not time_zone:
        return (), (0,)
    zone = ZoneInfo(time_zone)
    day = datetime(max(_year(first) - 1, EARLIEST_YEAR), 1, 1, tzinfo=UTC)
    end = datetime(min(_year(last) + YEARS_AHEAD + 1, LATEST_YEAR), 1, 1, tzinfo=UTC)
    offsets = [_offset(day, zone)]
    changes: list[int] = []
    while day < end:
        for change, offset in _changes(day, day + DAY, zone):
            changes.append((change - EPOCH) // MICROSECOND)
            offsets.append(offset)
        day += DAY
    return tuple(changes), tuple(offset // MICROSECOND for offset in offsets)


def local_times(moments: NDArray[np.int64], time_zone: str) -> NDArray[np.int64]:
    """Return the local time of moments, as if it were UTC, shape ``[n]``."""
    if not time_zone or not len(moments):
        return moments
    return shifted(moments, *offset_table(time_zone, int(moments.min()), int(moments.max())))


def shifted(moments: NDArray[np.int64], changes: Sequence[int], offsets: Sequence[int]) -> NDArray[np.int64]:
    """Return moments with the offset added that a table has for each, shape ``[n]``."""
    at = np.searchsorted(np.array(changes, dtype=np.int64), moments, side="right")
    local: NDArray[np.int64] = moments + np.array(offsets, dtype=np.int64)[at]
    return local


def _changes(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the change within a day, to the second: the first moment of the new offset, and that offset."""
    before, after = _offset(begin, zone), _offset(end, zone)
    if before == after:
        return
    while end - begin > SECOND:
        middle = begin + (end - begin) // SECOND // 2 * SECOND
        if _offset(middle, zone) == before:
            begin = middle
        else:
            end = middle
    yield end, _offset(end, zone)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _year(moment: int) -> int:
    return (EPOCH + moment * MICROSECOND).year
