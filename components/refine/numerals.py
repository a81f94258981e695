"""Texts read as numbers exactly as Java reads them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["guessed_number", "java_double", "java_long"]

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_HEXADECIMAL: Final = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?")
_SPECIAL: Final = re.compile(r"([+-]?)(NaN|Infinity)")
_SPACES: Final = "".join(map(chr, range(33)))
_LIMIT: Final = 1 << 63


def java_long(text: str) -> int | None:
    """Return the 64-bit integer that a text is, without spaces around it; None where it is none."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isdecimal():
        return None
    number = int(digits) * (-1 if text[0] == "-" else 1)
    return number if -_LIMIT <= number < _LIMIT else None


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
    trimmed = text.strip(_SPACES)
    whole = java_long(trimmed)
    if whole is not None:
        return whole
    number = java_double(trimmed)
    return text if number is None or number != number or number in (float("inf"), float("-inf")) else number
