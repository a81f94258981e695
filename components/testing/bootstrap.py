"""Confidence intervals from a paired bootstrap: everything that is compared is resampled on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import Interval

__all__ = ["percentile_interval", "resampled"]

Floats = NDArray[np.float64]
MIN_DEFINED = 0.9  # share of the samples in which a metric must be defined


def resampled(statistics: Sequence[Callable[[Floats], float]], rows: int, *, samples: int, seed: int) -> Floats:
    """Return every statistic on `samples` resamples of the same rows: `[samples, len(statistics)]`.

    Each resample draws `rows` rows with replacement. Every statistic gets how often each row was drawn, as float64
    weights `[rows]`; so the columns are paired, and the noise they share cancels in their difference (Efron &
    Tibshirani 1993, ch. 8 and 16). A statistic that is undefined on a resample is NaN there.
    """
    generator = np.random.default_rng(seed)
    values = np.empty((samples, len(statistics)))
    for i in range(samples):
        drawn = generator.integers(0, rows, rows, dtype=np.int32)
        weights = np.bincount(drawn, minlength=rows).astype(np.float64)
        values[i] = [statistic(weights) for statistic in statistics]
    return values


def percentile_interval(values: Floats, confidence: float) -> Interval | None:
    """Return the percentile interval of bootstrap values, or None where too many are undefined.

    >>> percentile_interval(np.arange(101.0), 0.9)
    (5.0, 95.0)
    """
    finite = values[np.isfinite(values)]
    if len(finite) < max(2, MIN_DEFINED * len(values)):
        return None
    low, high = np.quantile(finite, [(1 - confidence) / 2, (1 + confidence) / 2])
    return round(float(low), 12), round(float(high), 12)
