"""Texts as XML can hold them: a picture is XML, and a table's values may have any character."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["in_xml", "in_xml_throughout"]

_OUTSIDE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production Char


def in_xml(text: str) -> str:
    """Return a text with U+FFFD in place of each character that XML 1.0 has no way to write."""
    return _OUTSIDE.sub("\ufffd", text)


def in_xml_throughout(part: Any) -> Any:
    """Return a JSON document with all its texts, keys too, as `in_xml` gives them."""
    if isinstance(part, str):
        return in_xml(part)
    if isinstance(part, dict):
        return {in_xml(key): in_xml_throughout(value) for key, value in part.items()}
    if isinstance(part, list):
        return [in_xml_throughout(value) for value in part]
    return part
