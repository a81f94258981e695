"""Functions on booleans; nothing else counts as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed

__all__ = ["FUNCTIONS"]


def _booleans(arguments: list[Any]) -> list[bool]:
    if len(arguments) < 2 or not all(isinstance(value, bool) for value in arguments):
        raise Failed("takes two or more booleans")
    return arguments


def _xor(arguments: list[Any]) -> bool:
    return sum(_booleans(arguments)) == 1


def _not(arguments: list[Any]) -> bool:
    if len(arguments) != 1 or not isinstance(arguments[0], bool):
        raise Failed("takes one boolean")
    return not arguments[0]


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "and": lambda arguments: all(_booleans(arguments)),
    "or": lambda arguments: any(_booleans(arguments)),
    "xor": _xor,
    "not": _not,
}
