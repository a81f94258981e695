"""Functions that turn a value into a text or a number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sevenfold.refine.grel.dates.formats import format_date
from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.json_values import Json
from sevenfold.refine.grel.number_formats import format_number
from sevenfold.refine.numerals import java_number
from sevenfold.refine.values import text_of

__all__ = ["FUNCTIONS"]


def to_number(arguments: list[Any]) -> Any:
    """Return a number as it is, and of a text the number that it spells."""
    if len(arguments) != 1 or arguments[0] is None:
        raise Failed("takes one value that is not null")
    value = arguments[0]
    if type(value) in (int, float):
        return value
    number = java_number(value) if isinstance(value, str) else None
    if number is None:
        raise Failed("takes a text that spells a number")
    return number


def to_string(arguments: list[Any]) -> Any:
    """Return the text of a value, formatted where a format is given for a number or a date."""
    if not 1 <= len(arguments) <= 2:
        raise Failed("takes a value and perhaps a format")
    value, *rest = arguments
    if rest:
        if not isinstance(rest[0], str):
            raise Failed("takes a text as format")
        if isinstance(value, datetime):
            return format_date(value, rest[0])
        if type(value) in (int, float):
            return format_number(value, rest[0])
        raise Failed("takes a format for numbers and dates only")
    if isinstance(value, datetime):
        # The local time with a Z, whatever the offset, and no fraction.
        return f"{value.year:04d}{value:-%m-%dT%H:%M:%SZ}"
    return value.text if isinstance(value, Json) else text_of(value)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {"toNumber": to_number, "toString": to_string}
