"""Functions on doubles. They take numbers only: a text that spells one is an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.operators import divide, is_number, java_int, remainder

__all__ = ["FUNCTIONS"]

_LARGEST = (1 << 63) - 1


def _one(arguments: list[Any]) -> float:
    if len(arguments) != 1 or not is_number(arguments[0]):
        raise Failed("takes one number")
    return float(arguments[0])


def _two(arguments: list[Any]) -> tuple[float, float]:
    if len(arguments) != 2 or not all(map(is_number, arguments)):
        raise Failed("takes two numbers")
    return float(arguments[0]), float(arguments[1])


def _long(number: float) -> int:
    """Return a double as a long: NaN is 0, and beyond the range stand its ends."""
    if number != number:
        return 0
    if math.isinf(number):
        return _LARGEST if number > 0 else -_LARGEST - 1
    return max(-_LARGEST - 1, min(_LARGEST, int(number)))


def _whole(rounded: Callable[[float], float]) -> Callable[[list[Any]], int]:
    def function(arguments: list[Any]) -> int:
        number = _one(arguments)
        return _long(rounded(number) if math.isfinite(number) else number)

    return function


def _real(function: Callable[[float], float]) -> Callable[[list[Any]], float]:
    """Return a function of one double that gives NaN outside of its domain, and infinity where it overflows."""

    def guarded(arguments: list[Any]) -> float:
        number = _one(arguments)
        try:
            return function(number)
        except OverflowError:
            return math.inf if number > 0 or function in (math.cosh, math.exp) else -math.inf
        except ValueError:
            return math.nan

    return guarded


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda number: -math.inf if number == 0 else function(number)


def _even(number: float) -> float:
    ceiling = _ceiling(number)
    return ceiling if math.isinf(ceiling) or ceiling % 2 == 0 else ceiling + 1


def _odd(number: float) -> float:
    ceiling = _ceiling(number)
    return ceiling + 1 if math.isinf(ceiling) or ceiling % 2 == 0 else ceiling


def _ceiling(number: float) -> float:
    if not math.isfinite(number):
        return number
    return math.copysign(float(math.ceil(number)), number)


def _extreme(arguments: list[Any], choose: Callable[..., float]) -> float:
    left, right = _two(arguments)
    return math.nan if left != left or right != right else choose(left, right)


def _power(arguments: list[Any]) -> float:
    base, exponent = _two(arguments)
    if abs(base) == 1 and (math.isinf(exponent) or exponent != exponent):
        return math.nan
    if base == 1 and exponent != exponent:
        return math.nan
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.copysign(math.inf, base) if base == 0 and exponent % 2 == 1 else math.inf if base == 0 else math.nan


def _gcd(arguments: list[Any]) -> float:
    return _common(*_two(arguments))


def _common(left: float, right: float) -> float:
    if not math.isfinite(left) or not math.isfinite(right):
        raise aborted("`gcd` of a number that is not finite does not end in OpenRefine.", "Test the number first.")
    while right != 0:
        left, right = right, remainder(left, right)
    return left


def _modulus(arguments: list[Any]) -> int:
    _two(arguments)
    left, right = map(java_int, arguments)
    if right == 0:
        raise Failed("takes a divisor other than 0")
    rest: int = remainder(left, right)
    return rest


def _quotient(arguments: list[Any]) -> float:
    result: float = divide(*_two(arguments))
    # The sign of a zero stays.
    return float(math.floor(result)) or math.copysign(0.0, result) if math.isfinite(result) else result


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "abs": lambda arguments: abs(_one(arguments)),
    "acos": _real(math.acos),
    "asin": _real(math.asin),
    "atan": _real(math.atan),
    "atan2": lambda arguments: math.atan2(*_two(arguments)),
    "ceil": _whole(math.ceil),
    "cos": _real(math.cos),
    "cosh": _real(math.cosh),
    "degrees": lambda arguments: _one(arguments) * (180.0 / math.pi),
    "even": lambda arguments: _even(_one(arguments)),
    "exp": _real(math.exp),
    "floor": _whole(math.floor),
    "gcd": _gcd,
    "ln": _real(_logarithm(math.log)),
    "log": _real(_logarithm(math.log10)),
    "max": lambda arguments: _extreme(arguments, max),
    "min": lambda arguments: _extreme(arguments, min),
    "mod": _modulus,
    "odd": lambda arguments: _odd(_one(arguments)),
    "pow": _power,
    "quotient": _quotient,
    "radians": lambda arguments: _one(arguments) * (math.pi / 180.0),
    "round": _whole(lambda number: math.floor(number + 0.5) if abs(number) < 2**52 else number),
    "sin": _real(math.sin),
    "sinh": _real(math.sinh),
    "tan": _real(math.tan),
    "tanh": _real(math.tanh),
}
