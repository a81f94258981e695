"""Bounds of a measured value: how far from it the truth may lie, from the influence of each row.

The bounds are one-sided: the truth lies below the lower one with a probability of 1 − confidence, and as often above
the upper one. They are a t interval, corrected for what few or skewed rows do to it: the degrees of freedom follow from
the kurtosis of the influences (a variance estimated from a few large ones is itself uncertain), the shift from their
skewness (Johnson 1978; Hall 1992). Shares near 0 or 1 are bounded on the logit scale, R² on that of log(1 − R²), where
few rows bend them less. `docs/decisions.md` has the
coverage of all this by simulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import Interval

__all__ = ["NONE", "Estimate", "one_sided", "t_quantile", "two_sided"]

Floats = NDArray[np.float64]
LARGEST: Final = 600.0  # exponent
NONE: Final = 1e-12  # an influence below this is rounding


@dataclass(frozen=True)
class Estimate:
    """A value measured on n rows.

    `influence` holds how much each row moves it (`[n]`, mean 0, as `influence`), `rows` how many rows it rests on.
    `share` says that the value lies between 0 and 1 (a difference of two such is no share), `unit` that no row can
    move it by more than 1 / `rows`. `exact` says that the value is no estimate, as that of a model against itself.
    `rest` says that it is 1 less a ratio, as R² is. `skewed` keeps the correction for skewness on the logit scale.
    `least` and `most` are what the truth cannot be beyond, as an error cannot be below 0. `excess` is the least and the
    most by which the value lies above the truth on average, for one that chance only enlarges. `unseen` are rows of
    which none shows what would lower, or raise, the value, such as a mistake where all are right; 0 for no such rows.
    """

    value: float
    influence: Floats
    rows: int
    share: bool = False
    unit: bool = False
    exact: bool = False
    rest: bool = False
    skewed: bool = False
    least: float = -math.inf
    most: float = math.inf
    excess: tuple[float, float] = (0.0, 0.0)
    unseen: tuple[int, int] = (0, 0)

    @property
    def defined(self) -> bool:
        """Whether value and influences are finite."""
        return bool(np.isfinite(self.value) and np.isfinite(self.influence).all())


def one_sided(estimate: Estimate, confidence: float) -> Interval | None:
    """Return the lower and the upper bound, each at the confidence; None where there is none.

    >>> one_sided(Estimate(0.5, np.array([0.5, -0.5] * 50), 100), 0.95)
    (0.417342995217, 0.582657004783)
    """
    if not estimate.defined:
        return None
    if estimate.exact:
        return estimate.value, estimate.value
    if np.abs(estimate.influence).max(initial=0.0) < NONE:
        return _without_spread(estimate, confidence)
    if estimate.share and 0 < estimate.value < 1:
        slope = estimate.value * (1 - estimate.value)
        low, high = _spread(estimate.influence / slope, confidence, skewed=estimate.skewed)
        logit = math.log(estimate.value / (1 - estimate.value))
        return _rounded(1 / (1 + math.exp(low - logit)), 1 / (1 + math.exp(-logit - high)))
    if estimate.rest and estimate.value < 1:
        rest = 1 - estimate.value
        low, high = _spread(estimate.influence / rest, confidence, skewed=False)
        return _rounded(1 - rest * math.exp(min(low, LARGEST)), 1 - rest * math.exp(-high))
    low, high = _spread(estimate.influence, confidence, skewed=True)
    below, above = (_of_none(confidence, rows) if rows else 0.0 for rows in estimate.unseen)
    least, most = estimate.excess
    return _within(estimate, estimate.value - low - below - most, estimate.value + high + above - least)


def two_sided(estimate: Estimate, confidence: float) -> Interval | None:
    """Return the interval that holds the truth with the probability `confidence`, as much beyond each end."""
    return one_sided(estimate, (1 + confidence) / 2)


def t_quantile(confidence: float, freedom: float) -> float:
    """Return the quantile of Student's t, to 1 % from 2 degrees of freedom on (Abramowitz & Stegun 1964, 26.7.5).

    >>> round(t_quantile(0.95, 10), 3)
    1.812
    """
    z = NormalDist().inv_cdf(confidence)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def _spread(influence: Floats, confidence: float, *, skewed: bool) -> tuple[float, float]:
    """Return how far the bounds lie below and above the value."""
    rows, squares = len(influence), influence**2
    variance = float(squares.mean())
    kurtosis = float((squares**2).mean()) / variance**2
    quantile = t_quantile(confidence, max(2.0, 2 * rows / max(kurtosis - 1, 1e-9)))
    error = math.sqrt(variance / max(rows - 1, 1))
    skewness = float((squares * influence).mean()) / variance**1.5 / math.sqrt(rows) if skewed else 0.0
    shift = skewness * (1 + 2 * NormalDist().inv_cdf(confidence) ** 2) / 6
    return error * (quantile - shift), error * (quantile + shift)


def _without_spread(estimate: Estimate, confidence: float) -> Interval | None:
    """Return the bounds where no row differs: what none of n rows shows may still have a share of 3 / n."""
    if not (estimate.unit and estimate.rows):
        return None
    half = _of_none(confidence, estimate.rows)
    low, high = estimate.value - half, estimate.value + half
    return _rounded(max(low, 0.0), min(high, 1.0)) if estimate.share else _within(estimate, low, high)


def _of_none(confidence: float, rows: int) -> float:
    """Return the share that an event may have which none of some rows shows."""
    return -math.log(1 - confidence) / rows


def _within(estimate: Estimate, low: float, high: float) -> Interval:
    return _rounded(*(min(max(end, estimate.least), estimate.most) for end in (low, high)))


def _rounded(low: float, high: float) -> Interval:
    return round(low, 12), round(high, 12)
