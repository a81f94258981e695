"""Functions on arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.json_values import Json, array_items, raw_items
from sevenfold.refine.values import wrap

__all__ = ["FUNCTIONS"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def _array(arguments: list[Any], count: int = 1) -> list[Any]:
    items = array_items(arguments[0]) if len(arguments) == count else None
    if items is None:
        raise Failed("takes an array" if count == 1 else "takes an array and a text")
    return items


def _join(arguments: list[Any]) -> str:
    items = _array(arguments, 2)
    if not isinstance(arguments[1], str):
        raise Failed("takes an array and a text")
    joined: str = arguments[1].join(java_text(item) for item in items if item is not None)
    return joined


def _sort(arguments: list[Any]) -> list[Any]:
    """Sort items of one kind by their values, texts by UTF-16 units; nulls come last."""
    items = [item for item in _array(arguments) if item is not None]
    if len(items) < 2:
        return items + [None] * (len(_array(arguments)) - len(items))
    if len({type(item) for item in items}) > 1:
        raise Failed("takes an array of one kind of values")
    if items and not isinstance(items[0], (str, int, float, bool, datetime)):
        raise Failed("takes an array of values that have an order")
    if items and isinstance(items[0], str):
        items.sort(key=lambda item: item.encode("utf-16-be", "surrogatepass"))
    elif items and isinstance(items[0], float):
        items.sort(key=lambda item: (item != item, item))
    else:
        items.sort()
    return items + [None] * (len(_array(arguments)) - len(items))


def _uniques(arguments: list[Any]) -> list[Any]:
    found: list[Any] = []
    seen: set[Any] = set()
    for item in _array(arguments):
        key = (type(item), id(item) if isinstance(item, list) else item)
        if key not in seen:
            seen.add(key)
            found.append(item)
    return found


def _sum(arguments: list[Any]) -> float:
    total = 0.0
    if arguments and isinstance(arguments[0], Json):
        raise Failed("takes an array of numbers, not JSON")
    for item in _array(arguments):
        total += item if type(item) in (int, float) else 0
    return total


def _in_array(arguments: list[Any]) -> bool:
    items = _array(arguments, 2)
    if not isinstance(arguments[1], str):
        raise Failed("takes an array and a text")
    return any(isinstance(item, str) and item == arguments[1] for item in items)


def _zip(arguments: list[Any]) -> list[Any]:
    arrays = [items for items in map(raw_items, arguments) if items is not None]
    if len(arrays) < 2 or len(arrays) < len(arguments):
        raise Failed("takes two or more arrays")
    return [list(items) for items in zip(*arrays, strict=False)]


def _range(arguments: list[Any]) -> list[Any]:
    """Count from a number up to another, by a step: three integers, or one text with commas."""
    if len(arguments) == 1 and isinstance(arguments[0], str):
        arguments = arguments[0].split(",")
    if not 1 <= len(arguments) <= 3:
        raise Failed("takes one to three integers")
    if len(arguments) == 1 and type(arguments[0]) is float and arguments[0].is_integer():
        return []
    numbers = [_integer(value) for value in arguments]
    start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) == 3 else 1
    if step == 0:
        return []
    if abs(stop - start) // abs(step) > 10_000_000:
        raise Failed("makes at most 10,000,000 numbers")
    return list(range(start, stop, step))


def _integer(value: Any) -> int:
    if type(value) is int or (type(value) is float and value.is_integer()):
        return wrap(int(value))
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return wrap(int(value))
    raise Failed("takes one to three integers")


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "join": _join,
    "sort": _sort,
    "reverse": lambda arguments: _array(arguments)[::-1],
    "uniques": _uniques,
    "sum": _sum,
    "inArray": _in_array,
    "zip": _zip,
    "range": _range,
}
