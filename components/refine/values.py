"""The values that a cell may hold, and the text that OpenRefine writes for each.

A cell holds None (OpenRefine's null), a ``str``, an ``int`` (Java's long: 64 bits, wraps), a ``float`` (Java's double),
a ``bool``, a ``datetime`` with an offset (Java's OffsetDateTime), or an `EvalError`. An expression may also work on
lists, which no cell holds.

A ``datetime`` has microseconds and the years 1 to 9999, where OpenRefine has nanoseconds and a billion years: the last
three digits of a date's fraction are lost here, and a year outside that range is an error that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["EvalError", "is_blank", "is_error", "text_of", "wrap"]

_LONG = 1 << 64
_HALF = 1 << 63


@dataclass(frozen=True)
class EvalError:
    """What an expression gives where OpenRefine itself gives an error: a value that a cell can keep, not an exception.

    Args:
        message: what went wrong, for people; OpenRefine's own words differ.
    """

    message: str

    def __str__(self) -> str:
        return self.message


def is_error(value: object) -> bool:
    """Return whether a value is an error."""
    return isinstance(value, EvalError)


def is_blank(value: object) -> bool:
    """Return whether a cell counts as blank: null or the empty text. A text of spaces is not blank."""
    return value is None or (isinstance(value, str) and not value)


def wrap(number: int) -> int:
    """Return an integer as Java's 64-bit long keeps it: beyond its range it goes on at the other end."""
    return (number + _HALF) % _LONG - _HALF


def text_of(value: Any) -> str:
    """Return the text that OpenRefine shows and exports for a value.

    A null is the empty text, a double is written as Java writes it (``1.0E7``), a boolean as ``true`` or ``false``, a
    date as ISO 8601 with its offset, and an error as its message. The digits of a double are the fewest that read back
    as itself, as Java 19 and later write them; earlier ones write one more now and then.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, datetime):
        return _date_text(value)
    if isinstance(value, list):
        return "[" + ", ".join("null" if part is None else text_of(part) for part in value) + "]"
    return str(value)


def _double_text(number: float) -> str:
    """Return what Java's Double.toString gives: a plain numeral from 0.001 up to 10 million, otherwise an exponent."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "-0.0" if str(number).startswith("-") else "0.0"
    if 1e-3 <= abs(number) < 1e7:
        return repr(number)  # Python writes an exponent only below 0.0001 and from 1e16 on
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)  # noqa: S101  only NaN and infinities have letters there
    text = "".join(map(str, digits))
    power = exponent + len(text) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:].rstrip('0') or '0'}E{power}"


def _date_text(date: datetime) -> str:
    """Return a date as ISO 8601: seconds always, a fraction without closing zeros, and Z for the offset 0."""
    fraction = f".{date.microsecond:06d}".rstrip("0") if date.microsecond else ""
    offset = date.utcoffset() or timedelta()
    minutes, seconds = divmod(int(offset.total_seconds()), 60)
    hours, rest = divmod(abs(minutes), 60)
    zone = "Z" if not minutes and not seconds else f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
    return f"{date.year:04d}-{date.month:02d}-{date.day:02d}T{date:%H:%M:%S}{fraction}{zone}"
