"""Dates read from texts without a format: XML Schema's forms first, then what people write.

OpenRefine takes a day, a month and a year in nearly any order, with a clock after them. A text without all three is no
date. What may be one and has a shape that is not known here is refused, not guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sevenfold.refine.grel.dates.formats import MONTHS, WEEKDAYS, shown_year
from sevenfold.refine.grel.dates.standard import read_standard
from sevenfold.refine.grel.failure import Failed, aborted

__all__ = ["read_date"]

_CLOCK = re.compile(r" +(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,3}))?)?(?: ?([AaPp][Mm]))?$")
_SPACES = "".join(map(chr, range(33)))
_BETWEEN = re.compile(r" *, *| +|/|-")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_ELSEWHERE = re.compile(r"[^A-Za-z0-9 ,./:-]|\d\.|\.\d|[A-Za-z]\.[A-Za-z]")
_MONTHS = [month[:3].lower() for month in MONTHS]
_DAYS = [day[:3].lower() for day in WEEKDAYS]
_RULE = "takes a text with a day, a month and a year"


def read_date(text: str, *, month_first: bool) -> datetime:
    """Return the date of a text.

    Args:
        text: what to read.
        month_first: whether 1/2/2024 is 2 January; a first number above 12 is a day all the same.

    Raises:
        Failed: for what is no date in OpenRefine.
        DataError: ``grel_evaluation`` for a text of a shape that is not known here.
    """
    bare = text.strip(_SPACES)
    standard = read_standard(bare)
    if standard is not None:
        return standard
    if text[:1] in _SPACES and text:
        raise Failed("takes no space before what XML Schema does not know")
    if re.search(r"\d[Tt]\d", bare):
        # A form of its own, of which nothing but the fraction is lenient.
        raise _unknown(text) if "." in bare else Failed(_RULE)
    clock = _CLOCK.search(bare)
    words = _BETWEEN.split(bare[: clock.start()] if clock else bare)
    if _ELSEWHERE.search(" ".join(words)):
        raise Failed(_RULE)
    date = _date(words, text, month_first)
    return date + _since_midnight(clock) if clock else date


def _since_midnight(clock: re.Match[str]) -> timedelta:
    hour, minute, second, milliseconds = (int(part or 0) for part in clock.groups()[:4])
    if (clock[5] or "").lower() == "pm":
        # 12 PM is hour 24, and 12 AM noon.
        hour += 12
    if hour > 23 or minute > 59 or second > 59:
        raise Failed("takes an hour of the day")
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)


def _date(words: list[str], text: str, month_first: bool) -> datetime:
    if any(":" in word for word in words):
        if len(words) < 4:
            raise Failed(_RULE)
        raise _unknown(text)
    if words[0][:3].lower() in _DAYS and len(words) > 3:
        words = words[1:]
    parts = [_part(word) for word in words]
    if len(parts) != 3 or None in parts:
        raise Failed(_RULE)
    if any(part in MONTHS for part in parts):
        return _named([str(part) for part in parts], text)
    return _numeric(str(parts[0]), str(parts[1]), str(parts[2]), text, month_first)


def _named(parts: list[str], text: str) -> datetime:
    """Read a month's name among a day and a year; of two short numbers the last is the year."""
    place = next(place for place, part in enumerate(parts) if part in MONTHS)
    month = MONTHS.index(parts.pop(place)) + 1
    first, last = parts
    long = [number for number in parts if len(number) == 4]
    if not (first + last).isdecimal() or len(long) > 1 or text != text.strip():
        raise _unknown(text)
    if long:
        return _day(long[0], month, int(last if first == long[0] else first), text)
    if place == 2 or not 1 <= int(first) <= 31:
        raise _unknown(text)
    return _day(last, month, int(first), text)


def _part(word: str) -> str | None:
    """Return a number as it stands, the month that a word begins like, or None."""
    if word.isdecimal() and word.isascii():
        return word
    ordinal = _ORDINAL.fullmatch(word)
    if ordinal:
        return ordinal[1]
    begin = word[:3].lower()
    return MONTHS[_MONTHS.index(begin)] if begin in _MONTHS else None


def _numeric(first: str, second: str, third: str, text: str, month_first: bool) -> datetime:
    if len(first) == 4 and len(third) <= 2 and len(second) <= 2 and month_first:
        year, month, day = first, int(second), int(third)
    elif len(third) in (1, 2, 4) and len(first) <= 2 and len(second) <= 2:
        month, day = (int(first), int(second)) if month_first else (int(second), int(first))
        year = third
        if len(third) < 4 and not (
            (1 <= day <= 31 and 1 <= month <= 12) or (month_first and 1 <= day <= 12 < month <= 31)
        ):
            # Any of the three may be the year.
            raise _unknown(text)
    else:
        raise _unknown(text)
    if month > 12 >= day:
        month, day = day, month
    return _day(year, month, day, text)


def _day(year: str, month: int, day: int, text: str) -> datetime:
    """Return a day; one past its month's end, but not past 31, goes on into the next month."""
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        raise Failed("takes a day and a month of the calendar")
    number = int(year)
    if len(year) <= 2:
        number += 2000 if number < 50 else 1900
    if len(year) == 3 or len(year) > 4:
        raise _unknown(text)
    shown_year(number, text)
    return datetime(number, month, 1, tzinfo=UTC) + timedelta(days=day - 1)


def _unknown(text: str) -> Exception:
    return aborted(
        f"toDate of {text[:80]!r} has no counterpart here: OpenRefine guesses, and Sevenfold does not.",
        "Give toDate the format that the values have, or correct the value first.",
    )
