"""Texts as XML can hold them: a picture is XML, and a table's values may have any character."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["in_one_unit", "in_xml", "throughout"]

_OUTSIDE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production Char
_TWO_UNITS: Final = re.compile("[\U00010000-\U0010ffff]")


def in_xml(text: str) -> str:
    """Return a text with U+FFFD in place of each character that XML 1.0 has no way to write."""
    return _OUTSIDE.sub("\ufffd", text)


def in_one_unit(text: str) -> str:
    """Return a text with U+FFFD in place of each character that takes two units of UTF-16: it may be cut anywhere."""
    return _TWO_UNITS.sub("\ufffd", text)


def throughout(part: Any, rule: Callable[[str], str]) -> Any:
    """Return a JSON document with all its texts, keys too, as a rule gives them."""
    if isinstance(part, str):
        return rule(part)
    if isinstance(part, dict):
        return {rule(key): throughout(value, rule) for key, value in part.items()}
    if isinstance(part, list):
        return [throughout(value, rule) for value in part]
    return part
