"""How sure a difference between two predictions of the same rows is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.scoring.scores import weighted_score

__all__ = ["difference_error"]

RESAMPLES: Final = 200
SEED: Final = 7


def difference_error(
    metric: str,
    truth: NDArray[Any],
    one: NDArray[Any],
    other: NDArray[Any],
    *,
    thresholds: tuple[float, float] = (DEFAULT_THRESHOLD, DEFAULT_THRESHOLD),
) -> float:
    """Return the standard error of the difference of a metric between two predictions of the same rows.

    It is the standard deviation of the difference over 200 bootstrap samples of the rows (Efron 1979), each sample the
    same for both predictions. The same rows give the same number.

    Args:
        metric: a name in `plan.metrics.METRICS`.
        truth: as `score` takes it, ``[n]``.
        one: predictions as `score` takes them.
        other: of the same rows.
        thresholds: of both, where a metric of two predicted classes needs them.

    The result is NaN where the metric is undefined in fewer than two samples.
    """
    random, rows = np.random.default_rng(SEED), len(truth)
    scores = [
        weighted_score(metric, truth, predicted, threshold=threshold)
        for predicted, threshold in zip((one, other), thresholds, strict=True)
    ]
    differences = []
    for _ in range(RESAMPLES):
        weights = np.bincount(random.integers(0, rows, rows), minlength=rows).astype(np.float64)
        difference = scores[0](weights) - scores[1](weights)
        if np.isfinite(difference):
            differences.append(difference)
    return float(np.std(differences, ddof=1)) if len(differences) > 1 else float("nan")
