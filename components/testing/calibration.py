"""By how much the calibration error of some rows lies above the truth.

It is a sum of absolute gaps, so chance makes it too large, never too small: one of a model that is calibrated perfectly
is 0.03 on 1,000 rows. A bin whose true gap is t of its standard errors s shows one that is larger by s · f(t) on
average, with f(t) = √(2/π) e^(−t²/2) + t (erf(t/√2) − 1), the mean of a folded normal distribution less t. The true t
is not known, but the measured one give or take a little, and f falls: so the excess is bounded from both sides.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.scoring.formulas import CALIBRATION_BINS, Floats, calibration_gaps

__all__ = ["excess"]

LESS: Final = 1.5  # errors by which the true gap of a bin may well be smaller than the measured one
MORE: Final = 0.5  # errors by which it may be larger; both by simulation, as `docs/decisions.md` shows


def excess(truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the most by which the measured calibration error exceeds the true one."""
    gaps, bins = calibration_gaps(truth, predicted)
    sums = np.abs(np.bincount(bins, weights=gaps, minlength=CALIBRATION_BINS))
    errors = np.sqrt(np.bincount(bins, weights=gaps**2, minlength=CALIBRATION_BINS))
    sums, errors = sums[errors > 0] / max(1, len(gaps)), errors[errors > 0] / max(1, len(gaps))
    measured = sums / errors
    least, most = (float((errors * _folded(t)).sum()) for t in (measured + MORE, np.maximum(measured - LESS, 0.0)))
    return least, most


def _folded(gap: Floats) -> Floats:
    """Return how much larger a gap of so many errors appears on average, in errors."""
    error_function = np.array([math.erf(value / math.sqrt(2)) for value in gap])
    return np.asarray(math.sqrt(2 / math.pi) * np.exp(-(gap**2) / 2) + gap * (error_function - 1))
