"""Functions that turn a value into a text or a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sevenfold.refine.grel.dates.formats import format_date
from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.json_values import Json
from sevenfold.refine.grel.number_formats import format_number
from sevenfold.refine.values import text_of

__all__ = ["FUNCTIONS", "parse_number"]

_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]+)?")  # what most are, read at once
_LONG = re.compile(r"[+-]?\d+")
_DOUBLE = re.compile(r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)")
_HEXADECIMAL = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?")
LONGEST = 4_000  # digits: Python reads no longer integers
_JAVA_SPACES = "".join(map(chr, range(33)))


def parse_number(text: str) -> int | float | None:
    """Return the long that a text spells, else the double that Java reads in it, else None."""
    plain = _PLAIN.fullmatch(text)
    if plain:
        return float(text) if plain[1] else int(text)
    if _LONG.fullmatch(text) and len(text) <= LONGEST:
        number = int(text)
        return number if -(1 << 63) <= number < 1 << 63 else float(number)
    trimmed = text.strip(_JAVA_SPACES)
    if _DOUBLE.fullmatch(trimmed):
        return float(trimmed.rstrip("fFdD") if trimmed[-1:] in "fFdD" and trimmed[-1:] else trimmed)
    hexadecimal = _HEXADECIMAL.fullmatch(trimmed)
    return float.fromhex(hexadecimal[1]) if hexadecimal else None


def to_number(arguments: list[Any]) -> Any:
    """Return a number as it is, and of a text the number that it spells."""
    if len(arguments) != 1 or arguments[0] is None:
        raise Failed("takes one value that is not null")
    value = arguments[0]
    if type(value) in (int, float):
        return value
    number = parse_number(value) if isinstance(value, str) else None
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
