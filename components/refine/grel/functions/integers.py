"""Functions that count: factorials, combinations and least common multiples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.operators import is_number, java_int
from sevenfold.refine.values import wrap

__all__ = ["FUNCTIONS"]

_LARGEST = (1 << 63) - 1
_DEEPEST = 1_000
_TABLE = 10_000_000  # entries of the table by which OpenRefine counts combinations


def _numbers(arguments: list[Any], count: int) -> list[int]:
    if len(arguments) != count or not all(map(is_number, arguments)):
        raise Failed(f"takes {count} number{'s' if count > 1 else ''}")
    return [java_int(number) for number in arguments]


def _descending(number: int, step: int) -> int:
    """Return the product of a number and those below it by a step, which must end at 0."""
    if number < 0:
        raise Failed("takes a number that its step leads to 0")
    if number == 0:
        return 1
    if step <= 0:
        raise aborted("`factn` with a step below 1 does not end in OpenRefine.", "Give a step of 1 or more.")
    if number // step > _DEEPEST:
        raise aborted(f"A factorial of {number} does not end in OpenRefine.", "Test the number first.")
    if number % step:
        raise Failed("takes a number that its step leads to 0")
    product = 1
    for factor in range(number, 0, -step):
        product *= factor
        if product > _LARGEST:
            raise Failed("is larger than 64 bits hold")
    return product


def _combinations(arguments: list[Any]) -> int:
    number, chosen = _numbers(arguments, 2)
    if number < 0 or chosen < 0:
        raise Failed("takes numbers of 0 or more")
    if (number + 1) * (chosen + 1) > _TABLE:
        raise aborted("`combin` of such numbers needs more memory than OpenRefine has.", "Test the numbers first.")
    if math.comb(number, min(chosen, number // 2)) > _LARGEST:
        raise Failed("takes numbers whose combinations 64 bits hold")
    return math.comb(number, chosen)


def _multinomial(arguments: list[Any]) -> int:
    if not arguments or not all(map(is_number, arguments)):
        raise Failed("takes numbers")
    numbers = _numbers(arguments, len(arguments))
    if min(numbers) < 0 or sum(numbers) > 10_000:
        raise Failed("takes numbers from 0 to 10,000")
    result = math.factorial(sum(numbers))
    for number in numbers:
        result //= math.factorial(number)
    return wrap(result)


def _least_multiple(arguments: list[Any]) -> float:
    """Return the first multiple of the larger number that the smaller one divides, or their product."""
    if len(arguments) != 2 or not all(map(is_number, arguments)):
        raise Failed("takes two numbers")
    smaller, larger = sorted(map(float, arguments))
    if not (math.isfinite(smaller) and math.isfinite(larger)) or larger > _TABLE:
        raise aborted(f"`lcm` takes finite numbers up to {_TABLE:,}.", "Test the numbers first.")
    if smaller:
        for factor in range(1, math.floor(larger) + 1):
            if math.fmod(larger * factor, smaller) == 0:
                return larger * factor
    return larger * smaller


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "combin": _combinations,
    "fact": lambda arguments: _descending(_numbers(arguments, 1)[0], 1),
    "factn": lambda arguments: _descending(*_numbers(arguments, 2)),
    "lcm": _least_multiple,
    "multinomial": _multinomial,
}
