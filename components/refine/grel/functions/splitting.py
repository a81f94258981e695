"""Functions that cut a text into parts; each keeps and drops empty parts by a rule of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.operators import java_int
from sevenfold.refine.grel.patterns import Pattern
from sevenfold.refine.grel.replacing import matches
from sevenfold.refine.grel.tokens import is_space
from sevenfold.refine.utf16 import joined, units

__all__ = ["FUNCTIONS", "java_split"]


def java_split(text: str, pattern: Pattern) -> list[str]:
    """Split by a pattern as Java does: without the empty parts at the end, and without one before an empty match."""
    if not text:
        return [""]
    parts, start = [], 0
    for found in matches(pattern, text):
        if found.end() == 0:
            continue
        if found.start() == found.end() == len(text):
            break
        parts.append(text[start : found.start()])
        start = found.end()
    if not start and not parts:
        return [text]
    parts.append(text[start:])
    while parts and not parts[-1]:
        parts.pop()
    return parts


def split(arguments: list[Any]) -> Any:
    """Split a text by a text or a pattern; empty parts are dropped unless the third argument is true."""
    rule = "takes a text, a text or pattern, and perhaps a boolean"
    if not 2 <= len(arguments) <= 3 or arguments[0] is None or not isinstance(arguments[1], (str, Pattern)):
        raise Failed(rule)
    keep = arguments[2] if len(arguments) == 3 else False
    if not isinstance(keep, bool):
        raise Failed(rule)
    text, separator = java_text(arguments[0]), arguments[1]
    if isinstance(separator, Pattern):
        parts = java_split(text, separator)
        return parts if keep else [part for part in parts if part]
    if not text:
        return []
    parts = text.split(separator) if separator else _at_whitespace(text)
    return parts if keep else [part for part in parts if part]


def _at_whitespace(text: str) -> list[str]:
    parts = [""]
    for letter in text:
        if is_space(letter):
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def smart_split(arguments: list[Any]) -> Any:
    """Read a text as one line of a CSV whose separator is given, or is a tab or a comma."""
    if not 1 <= len(arguments) <= 2 or arguments[0] is None:
        raise Failed("takes one or two texts")
    text = java_text(arguments[0])
    separator = java_text(arguments[1]) if len(arguments) == 2 and arguments[1] is not None else None
    if separator is None:
        separator = "\t" if "\t" in text else ","
    if not separator:
        raise Failed("takes a separator that is not empty")
    return _line(text, separator) if text else None


def _line(text: str, separator: str) -> list[str | None]:
    """Return the fields of the first line; an empty one is null."""
    fields: list[str | None] = []
    place = 0
    while True:
        field, place = _field(text, place, separator)
        fields.append(field)
        if not text.startswith(separator, place) or place >= len(text):
            return fields
        place += len(separator)


def _field(text: str, place: int, separator: str) -> tuple[str | None, int]:
    if text.startswith('"', place):
        found = re.compile(r'"((?:[^"]|"")*)("|$)').match(text, place)
        assert found  # noqa: S101  the pattern matches wherever a quote stands
        rest = re.compile(f"(?:(?!{re.escape(separator)})[^\\n\\r])*").match(text, found.end())
        assert rest  # noqa: S101  it may be empty
        return found[1].replace('""', '"') + rest[0], rest.end()
    found = re.compile(f"(?:(?!{re.escape(separator)})[^\\n\\r])*").match(text, place)
    assert found  # noqa: S101  it may be empty
    return found[0] or None, found.end()


def by_char_type(arguments: list[Any]) -> Any:
    """Split where the kind of character changes."""
    if len(arguments) != 1 or arguments[0] is None:
        raise Failed("takes one text")
    parts: list[str] = []
    last = ""
    for unit in units(java_text(arguments[0])):
        kind = unicodedata.category(unit)
        if parts and kind == last:
            parts[-1] += unit
        else:
            parts.append(unit)
        last = kind
    return [joined(part) for part in parts]


def by_lengths(arguments: list[Any]) -> Any:
    """Cut off parts of the given lengths; what is left over is dropped."""
    if len(arguments) < 2 or arguments[0] is None:
        raise Failed("takes a text and numbers")
    text, place, parts = units(java_text(arguments[0])), 0, []
    for length in arguments[1:]:
        size = max(0, java_int(length)) if type(length) in (int, float) else 0
        parts.append(joined(text[place : place + size]))
        place = min(len(text), place + size)
    return parts


def _partition(arguments: list[Any], *, last: bool) -> Any:
    if not 2 <= len(arguments) <= 3 or not isinstance(arguments[0], str) or arguments[1] is None:
        return None
    text, sought = arguments[0], arguments[1]
    omit = len(arguments) == 3 and arguments[2] is True
    if isinstance(sought, Pattern):
        spans = [found.span() for found in matches(sought, text)]
        place, end = spans[-1 if last else 0] if spans else (-1, -1)
    elif not isinstance(sought, str):
        place, end = -1, -1
    else:
        found = sought
        place = text.rfind(found) if last else text.find(found)
        end = place + len(found)
    if place < 0:
        return [text, ""] if omit else [text, "", ""]
    return [text[:place], text[end:]] if omit else [text[:place], text[place:end], text[end:]]


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "split": split,
    "smartSplit": smart_split,
    "splitByCharType": by_char_type,
    "splitByLengths": by_lengths,
    "partition": lambda arguments: _partition(arguments, last=False),
    "rpartition": lambda arguments: _partition(arguments, last=True),
}
