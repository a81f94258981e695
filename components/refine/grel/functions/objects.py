"""Functions on values of any kind: their kind, their length, their parts and fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.fields import CellList, Fields
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.json_values import Json, array_items, raw_items
from sevenfold.refine.grel.operators import java_int
from sevenfold.refine.grel.patterns import Pattern
from sevenfold.refine.utf16 import joined, units

__all__ = ["FUNCTIONS"]


def type_of(arguments: list[Any]) -> str:
    """Return the kind of a value in one word."""
    if len(arguments) != 1:
        raise Failed("takes one value")
    value = arguments[0]
    if value is None:
        return "undefined"
    kinds = {CellList: "array", bool: "boolean", str: "string", list: "array", int: "number", float: "number"}
    if isinstance(value, datetime):
        return "date"
    if isinstance(value, Pattern):
        return "java.util.regex.Pattern"
    if isinstance(value, Fields) and not isinstance(value, list):
        return value.kind
    return kinds[type(value)]


def length(arguments: list[Any]) -> int:
    """Return the number of an array's items, or of UTF-16 units of a text."""
    if len(arguments) != 1 or arguments[0] is None:
        raise Failed("takes an array or a text")
    value = arguments[0]
    if isinstance(value, Json):
        return len(value.value) if isinstance(value.value, (dict, list)) else 0
    return len(value) if isinstance(value, list) else len(units(java_text(value)))


def _bounds(numbers: list[Any], size: int) -> tuple[int, int] | None:
    if not all(type(number) in (int, float) for number in numbers):
        return None
    start, *rest = (java_int(number) for number in numbers)
    stop = rest[0] if rest else size
    start = min(size, max(0, start + size if start < 0 else start))
    stop = min(size, max(start, stop + size if stop < 0 else stop))
    return start, stop


def slice_of(arguments: list[Any]) -> Any:
    """Return a part of an array or a text, from an index up to another; negative ones count from the end."""
    if not 2 <= len(arguments) <= 3 or arguments[0] is None:
        return None
    value = arguments[0]
    listed = raw_items(value)
    items = units(java_text(value)) if listed is None else listed
    bounds = _bounds(arguments[1:], len(items))
    if bounds is None:
        return None
    part = items[bounds[0] : bounds[1]]
    if isinstance(items, CellList):
        return CellList(part)
    return part if isinstance(part, list) else joined(part)


def get(arguments: list[Any]) -> Any:
    """Return a field, one item or letter, or a part."""
    if not 2 <= len(arguments) <= 3 or arguments[0] is None:
        return None
    value, first = arguments[0], arguments[1]
    listed = array_items(value)
    if isinstance(value, Fields) and listed is None:
        return value.field(first) if isinstance(first, str) else None
    if len(arguments) == 3:
        part = slice_of([value if listed is None else listed, *arguments[1:]])
        # Of an array nothing is null; of a text it is the empty text.
        return part if part or isinstance(part, str) else None
    if type(first) not in (int, float):
        return None
    items = units(java_text(value)) if listed is None else listed
    index = java_int(first)
    index = max(0, index + len(items) if index < 0 else index)
    if index >= len(items) and isinstance(value, Json):
        return None
    if index >= len(items):
        raise Failed(f"takes an index below {len(items)}")
    return items[index]


def _has_field(arguments: list[Any]) -> bool:
    if len(arguments) != 2 or not isinstance(arguments[0], Fields) or not isinstance(arguments[1], str):
        return False
    return arguments[0].field(arguments[1]) is not None


def _coalesce(arguments: list[Any]) -> Any:
    if len(arguments) < 2:
        raise Failed("takes two or more values")
    return next((value for value in arguments if value is not None), None)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "type": type_of,
    "length": length,
    "slice": slice_of,
    "substring": slice_of,
    "get": get,
    "hasField": _has_field,
    "coalesce": _coalesce,
}
