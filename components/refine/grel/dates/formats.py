"""Dates written by a format, and read by one as leniently as Java does: a 32 January is 1 February."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from sevenfold.refine.grel.failure import Failed, aborted

__all__ = ["MONTHS", "WEEKDAYS", "format_date", "parse_by_format", "shown_year"]

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_PARTS = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|([^a-zA-Z']+)")
FIRST_YEAR = 1583  # before it Java's calendar for parsing is Julian


def _pieces(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield letters with their repeats, and literal texts as ('', text)."""
    position = 0
    for found in _PARTS.finditer(pattern):
        if found.start() != position:
            break
        position = found.end()
        if found[2]:
            yield found[2], found[0]
        else:
            yield "", found[3] if found[3] else found[1].replace("''", "'") or "'"
    if position != len(pattern):
        raise Failed(f"takes a date format whose quotes are closed, but got {pattern!r}")


def _name(names: list[str], index: int, size: int) -> str:
    return names[index] if size == 4 else names[index][:1] if size == 5 else names[index][:3]


def _month(date: datetime, size: int) -> str:
    return str(date.month).zfill(size) if size < 3 else _name(MONTHS, date.month - 1, size)


def _year(date: datetime, size: int) -> str:
    return f"{date.year % 100:02d}" if size == 2 else str(date.year).zfill(size)


def _zone(date: datetime, size: int, zero: str) -> str:
    minutes = int((date.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes and zero:
        return zero
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    if size == 1:
        return f"{sign}{hours:02d}" + (f"{rest:02d}" if rest else "")
    return f"{sign}{hours:02d}{':' if size in (3, 5) else ''}{rest:02d}"


def _numeral(number: Callable[[datetime], int], most: int = 2) -> Callable[[datetime, int], str]:
    def written(date: datetime, size: int) -> str:
        if size > most:
            raise Failed("takes fewer letters of a kind in a date format")
        return str(number(date)).zfill(size)

    return written


def _half(date: datetime, size: int) -> str:
    if size > 1:
        raise Failed("takes one letter for AM and PM in a date format")
    return "AM" if date.hour < 12 else "PM"


def _fraction(date: datetime, size: int) -> str:
    if size > 9:
        raise Failed("takes up to nine letters for the fraction in a date format")
    return f"{date.microsecond:06d}".ljust(size, "0")[:size]


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "u": _year,
    "M": _month,
    "L": _month,
    "d": _numeral(lambda date: date.day),
    "H": _numeral(lambda date: date.hour),
    "h": _numeral(lambda date: date.hour % 12 or 12),
    "k": _numeral(lambda date: date.hour or 24),
    "K": _numeral(lambda date: date.hour % 12),
    "m": _numeral(lambda date: date.minute),
    "s": _numeral(lambda date: date.second),
    "S": _fraction,
    "D": _numeral(lambda date: date.timetuple().tm_yday, 3),
    "a": _half,
    "E": lambda date, size: _name(WEEKDAYS, date.weekday(), size),
    "X": lambda date, size: _zone(date, size, "Z"),
    "x": lambda date, size: _zone(date, size, ""),
    "Z": lambda date, size: _zone(date, 2, ""),
}


def format_date(date: datetime, pattern: str) -> str:
    """Return a date by a format of Java's ``DateTimeFormatter``, in English.

    Raises:
        DataError: ``grel_evaluation`` for letters that have no counterpart here.
    """
    parts = []
    for letter, text in _pieces(pattern):
        if letter and (
            letter not in _WRITERS or (len(text) > 5 and letter != "S") or (letter == "Z" and len(text) > 3)
        ):
            raise aborted(f"The date format {pattern!r} has no counterpart here.", f"Leave {text!r} out of it.")
        parts.append(_WRITERS[letter](date, len(text)) if letter else text)
    return "".join(parts)


_NUMBERS = {"y": "year", "M": "month", "d": "day", "H": "hour", "h": "hour12", "m": "minute", "s": "second", "S": "ms"}


def parse_by_format(text: str, pattern: str) -> datetime | None:
    """Return the date that a text spells by a format of Java's ``SimpleDateFormat``, or None; a rest is ignored."""
    position, fields = 0, {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "ms": 0}
    zone = UTC
    pieces = list(_pieces(pattern))
    _check_readable(pieces, pattern)
    for place, (letter, piece) in enumerate(pieces):
        if not letter:
            if not text.startswith(piece, position):
                return None
            position += len(piece)
        elif letter in _NUMBERS and not (letter == "M" and len(piece) > 2):
            next_is_number = place + 1 < len(pieces) and pieces[place + 1][0] in _NUMBERS
            found = re.compile(rf"\s*(-?\d{{1,{len(piece)}}})" if next_is_number else r"\s*(-?\d+)").match(
                text, position
            )
            if not found:
                return None
            position = found.end()
            fields[_NUMBERS[letter]] = _pivoted(found[1], letter, piece)
        elif letter in "MEa":
            size = _named(text[position:], letter, fields)
            if size is None:
                return None
            position += size
        elif letter in "XZ":
            offset = re.compile(r"Z|([+-])(\d\d):?(\d\d)?").match(text, position)
            if not offset:
                return None
            position, zone = offset.end(), _offset(offset)
        else:
            raise aborted(f"The date format {pattern!r} has no counterpart here.", f"Leave {piece!r} out of it.")
    return _lenient(fields, zone, text)


def _check_readable(pieces: list[tuple[str, str]], pattern: str) -> None:
    """Refuse a format whose parts contradict each other or run into each other."""
    letters = [letter for letter, _ in pieces if letter]
    once = len(set(letters)) == len(letters) and bool(set(letters) & set(_NUMBERS)) and not {"H", "h"} <= set(letters)
    once = once and not pattern.startswith(" ")
    weekday = "E" not in letters or {"y", "M", "d"} <= set(letters)
    zone = not {"X", "Z"} & set(letters[:-1]) and all(
        text in ("XX", "XXX", "Z") for letter, text in pieces if letter in ("X", "Z")
    )
    for (first, one), (second, two) in itertools.pairwise(pieces):
        if first and second and not (first in _NUMBERS and second in _NUMBERS and len(one) > 1 and len(two) > 1):
            once = once and (second in ("X", "Z") and first == "s")
        once = once and not (first and second and "S" in (first, second) and second not in ("X", "Z"))
    if not (once and weekday and zone):
        raise aborted(
            f"Reading dates by the format {pattern!r} has no counterpart here.",
            "Name every part once, the offset last, and a weekday only beside a whole date.",
        )


def _pivoted(digits: str, letter: str, piece: str) -> int:
    number = int(digits)
    if letter == "y" and len(piece) <= 2 and len(digits) == 2:
        raise aborted(
            f"A year of two digits ({digits}) depends in OpenRefine on the day it runs.",
            "Put the century before it first.",
        )
    return number


def _offset(found: re.Match[str]) -> timezone:
    if found[0] == "Z":
        return UTC
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _named(text: str, letter: str, fields: dict[str, int]) -> int | None:
    """Read the name of a month or weekday, or AM and PM; return its length."""
    names = {"M": MONTHS, "E": WEEKDAYS, "a": ["AM", "PM"]}[letter]
    for index, name in enumerate(names):
        for spelled in (name, name[:3]):
            if text[: len(spelled)].lower() == spelled.lower():
                if letter == "M":
                    fields["month"] = index + 1
                if letter == "a":
                    fields["half"] = index
                return len(spelled)
    return None


def shown_year(year: int, text: str) -> None:
    """Refuse a year that a datetime cannot hold or that lies in another calendar.

    Raises:
        DataError: ``grel_date`` with the text that was read.
    """
    if not FIRST_YEAR <= year <= 9999:
        raise aborted(
            f"{text[:80]!r} is a date of the year {year} in OpenRefine; Sevenfold takes {FIRST_YEAR} to 9999.",
            "Correct the value, or give toDate the format that it has.",
        )


def _lenient(fields: dict[str, int], zone: timezone, text: str) -> datetime:
    months = fields["year"] * 12 + fields["month"] - 1
    shown_year(months // 12, text)
    hour = fields["hour"]
    if "hour12" in fields:
        hour = fields["hour12"] % 12 + 12 * fields.get("half", 0)
    start = datetime(months // 12, months % 12 + 1, 1, tzinfo=zone)
    date = start + timedelta(
        days=fields["day"] - 1,
        hours=hour,
        minutes=fields["minute"],
        seconds=fields["second"],
        milliseconds=fields["ms"],
    )
    shown_year(date.year, text)
    return date.astimezone(UTC)
