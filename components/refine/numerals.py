"""Texts read as numbers exactly as Java reads them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["guessed_number", "java_double", "java_number"]

_PLAIN: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]+)?")  # what most are, read at once
_LONG: Final = re.compile(r"([+-]?)0*(\d{1,25})")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_HEXADECIMAL: Final = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?")
_SPECIAL: Final = re.compile(r"([+-]?)(NaN|Infinity)")
_SPACES: Final = "".join(map(chr, range(33)))
_LIMIT: Final = 1 << 63


def java_number(text: str) -> int | float | None:
    """Return the 64-bit integer that a text is, else the double, else None; only a double may have spaces around."""
    plain = _PLAIN.fullmatch(text)
    if plain:
        return float(text) if plain[1] else int(text)
    whole = _LONG.fullmatch(text)
    if whole:
        number = int(whole[1] + whole[2])
        if -_LIMIT <= number < _LIMIT:
            return number
    return java_double(text)


def java_double(text: str) -> float | None:
    """Return the double that a text is: also ``1f``, ``0x1p3``, ``NaN`` and ``Infinity``, with spaces around."""
    text = text.strip(_SPACES)
    if _DECIMAL.fullmatch(text):
        return float(text.rstrip("fFdD"))
    if found := _HEXADECIMAL.fullmatch(text):
        return float.fromhex(found[1])
    if found := _SPECIAL.fullmatch(text):
        return float(found[1] + found[2].replace("Infinity", "inf"))
    return None


def guessed_number(text: str) -> str | int | float:
    """Return the number that a part of a split cell is taken for, or the text itself; NaN and Infinity stay texts."""
    number = java_number(text.strip(_SPACES))
    return text if number is None or number != number or number in (float("inf"), float("-inf")) else number
