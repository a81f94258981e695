"""Operators between two values: 64-bit integers that wrap, doubles, texts that are joined, and comparisons."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from sevenfold.refine.collation import compare_texts
from sevenfold.refine.grel.failure import aborted
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.values import wrap

__all__ = ["divide", "is_number", "java_int", "operate", "remainder"]

_INT = 1 << 31


def is_number(value: object) -> bool:
    """Return whether a value is a long or a double; booleans are none."""
    return type(value) in (int, float)


def java_int(number: int | float) -> int:
    """Return a number as Java's 32-bit int: a long loses its upper half, a double stops at the ends, NaN is 0."""
    if isinstance(number, int):
        return (number + _INT) % (2 * _INT) - _INT
    return 0 if number != number else int(max(-_INT, min(_INT - 1, number)))


def operate(operator: str, left: Any, right: Any) -> Any:
    """Return what an operator gives; kinds that do not go together give null.

    Raises:
        DataError: ``grel_evaluation`` for an integer remainder by zero, in which OpenRefine ends the step.
    """
    if operator in ("==", "!="):
        return _equal(left, right) is (operator == "==")
    if operator in ("<", "<=", ">", ">="):
        return _ordered(operator, left, right)
    if is_number(left) and is_number(right):
        return _calculate(operator, left, right)
    texts = isinstance(left, str) or isinstance(right, str)
    if operator == "+" and texts and left is not None and right is not None:
        return java_text(left) + java_text(right)
    return None


def _calculate(operator: str, left: Any, right: Any) -> Any:
    whole = type(left) is int and type(right) is int
    if operator == "/":
        return divide(left, right)
    if operator == "%":
        return remainder(left, right)
    if not whole:
        left, right = float(left), float(right)
    if operator == "=":
        return None
    result = left + right if operator == "+" else left - right if operator == "-" else left * right
    return wrap(result) if whole else result


def divide(left: Any, right: Any) -> Any:
    """Return a quotient: cut towards zero between integers, infinite or NaN by zero."""
    if right == 0:
        if left == 0 or left != left:
            return math.nan
        # An integer zero has no sign; a double's decides.
        return math.copysign(math.inf, left) * (math.copysign(1, right) if type(right) is float else 1)
    if type(left) is int and type(right) is int:
        quotient = abs(left) // abs(right)
        return wrap(quotient if (left < 0) == (right < 0) else -quotient)
    return float(left) / float(right)


def remainder(left: Any, right: Any) -> Any:
    """Return what division leaves, with the sign of the left side."""
    if type(left) is int and type(right) is int:
        if right == 0:
            raise aborted("An integer remainder by 0 ends the step in OpenRefine.", "Test the divisor first.")
        rest = abs(left) % abs(right)
        return rest if left >= 0 else -rest
    left, right = float(left), float(right)
    if right == 0 or not math.isfinite(left) or right != right:
        return math.nan
    return math.fmod(left, right)


def _equal(left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return _numbers(left, right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left == right and left.utcoffset() == right.utcoffset()
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) or left is None:
        return type(left) is type(right) and bool(left == right)
    return left is right


def _numbers(left: Any, right: Any) -> bool:
    if type(left) is int and type(right) is int:
        return left == right
    return float(left) == float(right)


def _ordered(operator: str, left: Any, right: Any) -> bool | None:
    order: float
    if is_number(left) and is_number(right):
        if not (type(left) is int and type(right) is int):
            left, right = float(left), float(right)
            if left != left or right != right:
                return False
        order = (left > right) - (left < right)
    elif isinstance(left, str) and isinstance(right, str):
        order = compare_texts(left, right)
    elif isinstance(left, bool) and isinstance(right, bool):
        order = left - right
    elif isinstance(left, datetime) and isinstance(right, datetime):
        order = (left > right) - (left < right)
        if not order:
            # One instant: the local times decide.
            here, there = left.replace(tzinfo=None), right.replace(tzinfo=None)
            order = (here > there) - (here < there)
    else:
        return None
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]
