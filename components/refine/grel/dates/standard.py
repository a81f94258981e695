"""Dates as XML Schema writes them: what OpenRefine tries before it guesses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from sevenfold.refine.grel.dates.formats import shown_year

__all__ = ["read_standard"]

LONGEST = 100  # characters: no date is longer
_SECONDS = r":(\d\d)(?:\.(\d{0,9}))?"
_TIME = rf"(\d\d):(\d\d){_SECONDS}"
_ZONE = r"(Z|[+-]\d\d(?::\d\d){0,2})?"
_DATE_TIME = re.compile(rf"(\d{{4,}})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?:{_SECONDS})?{_ZONE}", re.IGNORECASE)
_MONTH_DAY = re.compile(r"--(\d\d)(?:-(\d\d))?|---(\d\d)")
_DATE = re.compile(r"(\d{4,})-(\d\d)-(\d\d)Z?")
_TIME_ALONE = re.compile(rf"{_TIME}Z?")
_YEAR = re.compile(r"(\d{4,})(?:-(\d\d))?")


def read_standard(text: str) -> datetime | None:
    """Return the date of a text in one of XML Schema's forms, or None; without an offset it is in UTC.

    Raises:
        DataError: ``grel_evaluation`` for a year that a datetime cannot hold.
    """
    if len(text) > LONGEST:
        return None
    found = _DATE_TIME.fullmatch(text)
    if found:
        year, month, day = map(int, found.groups()[:3])
        zone = _zone(found[8])
        return None if zone is None else _valid(year, month, day, found.groups()[3:7], zone, text)
    found = _DATE.fullmatch(text)
    if found:
        return _valid(int(found[1]), int(found[2]), int(found[3]), None, UTC, text)
    found = _YEAR.fullmatch(text)
    if found:
        return _valid(int(found[1]), int(found[2] or 1), 1, None, UTC, text)
    found = _MONTH_DAY.fullmatch(text)
    if found:
        return _valid(1970, int(found[1] or 1), int(found[2] or found[3] or 1), None, UTC, text)
    found = _TIME_ALONE.fullmatch(text)
    return _valid(1970, 1, 1, found.groups(), UTC, text) if found else None


Clock = tuple[str | None, ...]


def _valid(year: int, month: int, day: int, clock: Clock | None, zone: timezone, text: str) -> datetime | None:
    hour, minute, second, fraction = clock or ("0", "0", "0", None)
    next_day = (hour, minute, second or "00") == ("24", "00", "00") and not (fraction or "").strip("0")
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    shown_year(year, text)
    try:
        date = datetime(
            year, month, day, 0 if next_day else int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone
        )
    except ValueError:
        return None
    return date + timedelta(days=next_day, microseconds=int((fraction or "").ljust(6, "0")[:6]))


def _zone(text: str | None) -> timezone | None:
    """Return an offset, or None for one of more than 18 hours."""
    if text is None or text in "Zz":
        return UTC
    hours, minutes, seconds = (int(text[place : place + 2] or 0) for place in (1, 4, 7))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset > timedelta(hours=18) or minutes > 59 or seconds > 59:
        return None
    return timezone(-offset if text[0] == "-" else offset)
