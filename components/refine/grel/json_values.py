"""JSON inside an expression: objects by their fields, arrays by their items, and the JSON text of a value."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.fields import Fields
from sevenfold.refine.values import text_of, wrap

__all__ = ["Json", "array_items", "items_of", "jsonized", "parse_json", "raw_items"]

_INTEGER = 1 << 31
_LONG = 1 << 63
_NODES = "com.fasterxml.jackson.databind.node."
_KINDS = {dict: "Object", list: "Array", str: "Text", bool: "Boolean", float: "Double", type(None): "Null"}
MISSING = object()


@dataclass(frozen=True)
class Json(Fields):
    """A JSON value that has not become a plain one: an object, an array inside JSON, or a scalar at the top."""

    value: Any

    @property
    def is_object(self) -> bool:
        """Whether it is an object."""
        return isinstance(self.value, dict)

    @property
    def text(self) -> str:
        """The JSON, without spaces."""
        return "" if self.value is MISSING else _dumped(self.value)

    @property
    def kind(self) -> str:
        """The name of Java's class for it."""
        value = self.value
        if value is MISSING:
            return f"{_NODES}MissingNode"
        if type(value) is int:
            size = "Int" if -_INTEGER <= value < _INTEGER else "Long" if -_LONG <= value < _LONG else "BigInteger"
            return f"{_NODES}{size}Node"
        return f"{_NODES}{_KINDS[type(value)]}Node"

    def field(self, name: str) -> Any:  # noqa: D102  as Fields says
        return unwrapped(self.value.get(name)) if isinstance(self.value, dict) else None


def _dumped(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dumped(name)}:{_dumped(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumped, value)) + "]"
    return text_of(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def unwrapped(value: Any) -> Any:
    """Return a scalar as a cell's value, and anything else as JSON."""
    if isinstance(value, (dict, list)):
        return Json(value)
    if type(value) is int and not -_INTEGER <= value < _INTEGER:
        # OpenRefine loses what needs more than 32 bits, but wraps what needs more than 64.
        return None if -_LONG <= value < _LONG else wrap(value)
    return value


def array_items(value: Any) -> list[Any] | None:
    """Return the items of an array as plain values, or None for what is none."""
    if isinstance(value, list):
        return value
    if isinstance(value, Json) and isinstance(value.value, list):
        return [unwrapped(item) for item in value.value]
    return None


def raw_items(value: Any) -> list[Any] | None:
    """Return the items of an array, those of a JSON array as JSON, or None for what is none."""
    if isinstance(value, Json) and isinstance(value.value, list):
        return [Json(item) for item in value.value]
    return value if isinstance(value, list) else None


def items_of(value: Any) -> list[Any] | None:
    """Return the items of an array, or None for what is none; an object's items are its values as JSON."""
    if isinstance(value, Json) and isinstance(value.value, dict):
        return [Json(item) for item in value.value.values()]
    return array_items(value)


def parse_json(text: str) -> Any:
    """Return the JSON of a text; the empty text and what is no JSON are errors.

    Raises:
        DataError: for a text that OpenRefine's lenient reader may take and the standard does not.
    """
    begun = text.lstrip(" \t\n\r")
    if not begun:
        return Json(MISSING)
    try:
        value, end = json.JSONDecoder(parse_constant=_refused).raw_decode(begun)
    except ValueError as error:
        if begun[:1] in ("{", "["):
            raise aborted(
                f"`parseJson` takes JSON by its standard only, but got {text[:80]!r}.", "Correct the JSON first."
            ) from error
        raise Failed("takes JSON") from error
    if begun[end:].strip():
        raise aborted(f"`parseJson` takes one JSON value, but got more in {text[:80]!r}.", "Cut off what follows it.")
    return Json(value)


def _refused(name: str) -> Any:
    raise ValueError(name)


def jsonized(value: Any) -> str:
    """Return a value as JSON text: arrays on one line with spaces, objects on a line per field."""
    return _pretty(value, 0)


def _pretty(value: Any, depth: int, *, inside: bool = False) -> str:
    if isinstance(value, datetime):
        return json.dumps(f"{value.year:04d}{value:-%m-%dT%H:%M:%SZ}")
    if isinstance(value, Json):
        return _pretty(value.value, depth, inside=True)
    if isinstance(value, list):
        return f"[ {', '.join(_pretty(part, depth, inside=inside) for part in value)} ]" if value else "[ ]"
    if isinstance(value, dict):
        space = "  " * (depth + 1)
        lines = [
            f"{space}{json.dumps(name, ensure_ascii=False)} : {_pretty(part, depth + 1, inside=inside)}"
            for name, part in value.items()
        ]
        return "{\n" + ",\n".join(lines) + "\n" + "  " * depth + "}" if value else "{ }"
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{text_of(value)}"'
    if isinstance(value, float):
        plain = value.is_integer() and abs(value) < _LONG and math.copysign(1, value) == (1 if value >= 0 else -1)
        return str(int(value)) if plain and not inside else text_of(value)
    return json.dumps(value, ensure_ascii=False)
