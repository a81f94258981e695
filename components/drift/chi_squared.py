"""The chi-squared distribution: its upper tail and its quantile, for integer degrees of freedom."""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["chi_squared_quantile", "chi_squared_tail"]


def chi_squared_tail(value: float, degrees: int) -> float:
    """Return the probability that a chi-squared variable with `degrees` of freedom exceeds `value`.

    The finite sum for integer degrees (Abramowitz and Stegun 26.4.4 and 26.4.5).

    >>> round(chi_squared_tail(3.841458820694124, 1), 12)
    0.05
    """
    if degrees < 1:
        raise ValueError(f"`degrees >= 1` must hold, but got {degrees}.")
    if value <= 0:
        return 1.0
    half = value / 2
    if degrees % 2:
        total, power = math.erfc(math.sqrt(half)), 0.5
    else:
        total, power = math.exp(-half), 1.0
    while power < degrees / 2:
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
        power += 1
    return min(total, 1.0)


@lru_cache(maxsize=1024)
def chi_squared_quantile(probability: float, degrees: int) -> float:
    """Return the value that a chi-squared variable stays below with `probability` in (0, 1), by bisection.

    >>> round(chi_squared_quantile(0.99, 9), 6)
    21.665994
    """
    if not 0 < probability < 1:
        raise ValueError(f"`0 < probability < 1` must hold, but got {probability}.")
    low, high = 0.0, float(degrees)
    while chi_squared_tail(high, degrees) > 1 - probability:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if chi_squared_tail(middle, degrees) > 1 - probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2
