"""Functions on dates."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sevenfold.refine.grel.dates.formats import parse_by_format, shown_year
from sevenfold.refine.grel.dates.reading import read_date
from sevenfold.refine.grel.dates.standard import read_standard
from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.functions.texts import text_diff
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.operators import java_int

__all__ = ["FUNCTIONS"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {
    **dict.fromkeys(("hours", "hour", "h"), "hours"),
    **dict.fromkeys(("minutes", "minute", "min"), "minutes"),
    **dict.fromkeys(("seconds", "sec", "s"), "seconds"),
    **dict.fromkeys(("milliseconds", "ms", "S"), "milliseconds"),
    **dict.fromkeys(("nanos", "nano", "n"), "nanos"),
    **dict.fromkeys(("years", "year"), "years"),
    **dict.fromkeys(("months", "month"), "months"),
    **dict.fromkeys(("weeks", "week", "w"), "weeks"),
    **dict.fromkeys(("days", "day", "d"), "days"),
}


def _week_of_month(date: datetime) -> int:
    """Return the week of the month, counted from Sundays; the first may be a part of one."""
    before = (date.replace(day=1).weekday() + 1) % 7
    return (date.day - 1 + before) // 7 + 1


_PARTS: dict[str, Callable[[datetime], Any]] = {
    "hours": lambda date: date.hour,
    "minutes": lambda date: date.minute,
    "seconds": lambda date: date.second,
    # What OpenRefine calls milliseconds are microseconds.
    "milliseconds": lambda date: date.microsecond,
    "nanos": lambda date: date.microsecond * 1_000,
    "years": lambda date: date.year,
    "months": lambda date: date.month,
    "weeks": _week_of_month,
    "days": lambda date: date.day,
}
# In microseconds.
_LENGTHS = {
    "weeks": 604_800_000_000,
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
    "milliseconds": 1_000,
}


def to_date(arguments: list[Any]) -> Any:
    """Read a date from a text: by the given formats in turn, or without one; the flag says that months come first."""
    if not arguments:
        raise Failed("takes a text")
    value, *rest = arguments
    if isinstance(value, datetime):
        return value
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not value:
        raise Failed("takes a text that spells a date")
    if not rest:
        return read_date(value, month_first=True)
    if isinstance(rest[0], bool):
        return read_date(value, month_first=rest[0])
    if not all(isinstance(pattern, str) for pattern in rest):
        raise Failed("takes texts as formats")
    return _by_formats(value, rest)


def _by_formats(text: str, patterns: list[str]) -> datetime:
    language = re.fullmatch("[a-z]{2,3}", patterns[0])
    if language and patterns[0] != "en":
        raise aborted(f"`toDate` in the language {patterns[0]!r} has no counterpart here.", "Use numbers for months.")
    for pattern in patterns[1:] if language else patterns:
        date = parse_by_format(text, pattern) if pattern else None
        if date is not None:
            return date
    standard = read_standard(text)
    if standard is None:
        raise Failed("takes a text that one of the formats fits")
    return standard


def date_part(arguments: list[Any]) -> Any:
    """Return a unit of a date as an integer; a weekday as its English name in capitals."""
    if len(arguments) != 2 or not isinstance(arguments[0], datetime) or not isinstance(arguments[1], str):
        raise Failed("takes a date and a unit")
    date, unit = arguments
    if unit == "weekday":
        return calendar.day_name[date.weekday()].upper()
    if unit == "time":
        return (date - _EPOCH) // timedelta(milliseconds=1)
    if unit not in _UNITS:
        raise Failed(f"takes one of {', '.join(_UNITS)}, weekday, time")
    return _PARTS[_UNITS[unit]](date)


def increased(arguments: list[Any]) -> Any:
    """Move a date by a whole number of units; a day past its month's end becomes the last."""
    if len(arguments) != 3 or not isinstance(arguments[0], datetime):
        raise Failed("takes a date, a number and a unit")
    date, number, unit = arguments
    if type(number) not in (int, float) or not isinstance(unit, str):
        raise Failed("takes a date, a number and a unit")
    if unit not in _UNITS:
        raise Failed(f"takes one of {', '.join(_UNITS)}")
    count, kind = java_int(number), _UNITS[unit]
    if kind in ("years", "months"):
        return _in_months(date, count * 12 if kind == "years" else count)
    if kind == "nanos":
        raise aborted("Nanoseconds are finer than the dates here.", "Use milliseconds.")
    try:
        return date + count * _LENGTHS[kind] * _MICROSECOND
    except OverflowError:
        shown_year(10_000, "The result of inc")
        raise


def _in_months(date: datetime, count: int) -> datetime:
    months = date.year * 12 + date.month - 1 + count
    shown_year(months // 12, "The result of inc")
    last = calendar.monthrange(months // 12, months % 12 + 1)[1]
    return date.replace(year=months // 12, month=months % 12 + 1, day=min(date.day, last))


def diff(arguments: list[Any]) -> Any:
    """Return the first date minus the second in whole units, or where the second text departs from the first."""
    if len(arguments) == 2 and all(isinstance(value, str) for value in arguments):
        return text_diff(*arguments)
    if len(arguments) != 3 or not all(isinstance(value, datetime) for value in arguments[:2]):
        raise Failed("takes two texts, or two dates and a unit")
    first, second, unit = arguments
    if not isinstance(unit, str):
        raise Failed("takes two texts, or two dates and a unit")
    kind = unit.lower()
    distance = (first - second) // _MICROSECOND
    if kind in _LENGTHS:
        return _towards_zero(distance, _LENGTHS[kind])
    if kind == "nanos":
        return distance * 1_000
    if kind in ("months", "years"):
        return _towards_zero(_whole_months(second, first), 12 if kind == "years" else 1)
    raise Failed(f"takes one of {', '.join(_LENGTHS)}, nanos, months, years")


def _towards_zero(number: int, size: int) -> int:
    return number // size if number >= 0 else -(-number // size)


def _whole_months(start: datetime, end: datetime) -> int:
    """Return how many whole months lie between two dates, both read in the first one's offset; a month has 32 days."""
    end = end.astimezone(start.tzinfo)
    last = end.date()
    if last > start.date() and end.time() < start.time():
        last -= timedelta(days=1)
    elif last < start.date() and end.time() > start.time():
        last += timedelta(days=1)
    days = (last.year - start.year) * 384 + (last.month - start.month) * 32 + last.day - start.day
    return _towards_zero(days, 32)


def since_epoch(arguments: list[Any]) -> Any:
    """Return the date so many seconds, milliseconds or microseconds after 1 January 1970."""
    if not 1 <= len(arguments) <= 2 or type(arguments[0]) is not int:
        raise Failed("takes an integer and perhaps a unit")
    unit = arguments[1] if len(arguments) == 2 else "second"
    sizes = {"second": 1_000_000, "millisecond": 1_000, "microsecond": 1}
    if not isinstance(unit, str) or unit not in sizes:
        raise Failed(f"takes one of {', '.join(sizes)}")
    try:
        date = _EPOCH + arguments[0] * sizes[unit] * _MICROSECOND
    except OverflowError:
        date = datetime.max
    shown_year(date.year if date != datetime.max else 10_000, java_text(arguments[0]))
    return date


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "toDate": to_date,
    "datePart": date_part,
    "inc": increased,
    "diff": diff,
    "timeSinceUnixEpochToDate": since_epoch,
}
