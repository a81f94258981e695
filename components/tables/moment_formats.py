"""Formats of moments beyond strptime's own: counts since 1970, and digits without signs between them.

`strptime` takes 2021111 for the first of November where the format is ``%Y%m%d``, and has no format for seconds since
1970. ``%s`` and ``%s%f`` are written as `date` and `strftime` of C do.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

__all__ = [
    "COMPACT",
    "EPOCHS",
    "FRACTIONS",
    "SECONDS",
    "epoch_moment",
    "fixed_width",
    "names_day",
    "takes_numbers",
    "written_moment",
]

SECONDS: Final = "%s"
FRACTIONS: Final = "%s%f"
EPOCHS: Final = (SECONDS, FRACTIONS)
COMPACT: Final = {"%Y%m%d": 8, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}  # the digits of each
MOST_MILLISECONDS: Final = 10**13  # the year 2286, and of microseconds April 1970
_WIDTHS: Final = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3}
_PIECES: Final = re.compile(r"%(.)|([^%]+)", re.DOTALL)
_COUNT: Final = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]+))?")
_DAY: Final = re.compile(r"%[YymbBdjsGgVxcD]")


def epoch_moment(text: str, date_format: str) -> int:
    """Return the moment, in microseconds since 1970 UTC, that a count since 1970 names.

    Args:
        text: digits with or without a sign, and with or without a decimal part, of which what lies beyond the
            microsecond is cut off.
        date_format: ``%s`` for seconds; ``%s%f`` for milliseconds, or for microseconds from 10^13 on, which as
            milliseconds would lie beyond the year 2286.

    Raises:
        ValueError: the text is no such count.
    """
    match = _COUNT.fullmatch(text)
    if match is None:
        raise ValueError("no count")
    sign, whole, part = match.groups()
    count = int(whole)
    digits = 6 if date_format == SECONDS else 3 if count < MOST_MILLISECONDS else 0
    moment: int = count * 10**digits + int(f"{part or ''}{'0' * digits}"[:digits] or 0)
    return -moment if sign == "-" else moment


def written_moment(moment: datetime, date_format: str) -> str:
    """Return a moment with a zone as a format writes it; counts since 1970 are whole seconds or milliseconds.

    Python's own ``%s`` takes the moment for one of the machine's zone.

    >>> from datetime import UTC
    >>> written_moment(datetime(2021, 3, 1, 12, tzinfo=UTC), "%s")
    '1614600000'
    """
    if date_format not in EPOCHS:
        return moment.strftime(date_format)
    seconds = moment.timestamp()
    return str(int(seconds) if date_format == SECONDS else int(seconds * 1_000))


@lru_cache(maxsize=64)
def fixed_width(date_format: str) -> re.Pattern[str] | None:
    """Return what texts of a format look like where numbers follow each other in it; None where none do.

    The pattern's first group is the text that the format reads. A format of digits alone also takes them with the
    decimal part of zeros that a column of numbers has beside missing values: ``20210301.0``.
    """
    pieces = _PIECES.findall(date_format)
    widths = [_WIDTHS.get(letter, 0) if letter else 0 for letter, _ in pieces]
    if takes_numbers(date_format):
        return re.compile(f"([0-9]{{{sum(widths)}}})(?:\\.0+)?")
    if not any(one and other for one, other in pairwise(widths)):
        return None
    pattern = ""
    for (letter, literal), width in zip(pieces, widths, strict=True):
        # white space stands for any number of white spaces, as strptime has it
        other = ".+?" if letter else re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(literal))
        pattern += f"[0-9]{{{width}}}" if width else other
    return re.compile(f"({pattern})", re.DOTALL)


@lru_cache(maxsize=64)
def takes_numbers(date_format: str) -> bool:
    """Whether a number, too, can be a moment of a format: its digits are all that the format has.

    >>> takes_numbers("%s"), takes_numbers("%Y%m%d"), takes_numbers("%Y-%m-%d"), takes_numbers("")
    (True, True, False, False)
    """
    if date_format in EPOCHS:
        return True
    return bool(date_format) and all(letter in _WIDTHS for letter, _ in _PIECES.findall(date_format) or [("", "")])


def names_day(date_format: str) -> bool:
    """Whether texts of a format say a day, a month or a year, and not the time of some day alone."""
    return not date_format or _DAY.search(date_format) is not None
