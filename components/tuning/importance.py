"""How much each setting mattered in a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.trial import Trial

__all__ = ["MIN_TRIALS", "importances"]

MIN_TRIALS: Final = 6
GROUPS: Final = 3


def importances(trials: Sequence[Trial], space: Mapping[str, Dimension]) -> dict[str, float]:
    """Return the share of the differences in score that goes with each setting alone, largest first.

    Trials are ranked by score and put in up to three groups of near values per setting (one per choice); the measure
    is ε² of a one-way analysis of variance on the ranks (Kelley 1935), that is the variance between the groups with
    its expectation under chance taken off, between 0 and 1. The measures need not add up to 1: settings work
    together, and what is left is chance. Pruned trials count with their last score, failed ones not at all. Optuna's
    own measures are not used because importing them imports scikit-learn wherever it is installed.

    A setting with a condition is measured among the trials that have it. One that fewer than `MIN_TRIALS` trials with a
    score have, or all of whose scores are equal, is not in the result.
    """
    scored = [trial for trial in trials if trial.score is not None]
    shares: dict[str, float] = {}
    for name in space:
        having = [trial for trial in scored if name in trial.params]
        ranks = _ranks(np.array([trial.score for trial in having], dtype=np.float64))
        if len(having) >= MIN_TRIALS and np.ptp(ranks) > 0:
            shares[name] = _explained(ranks, _groups([trial.params[name] for trial in having], space[name]))
    return dict(sorted(shares.items(), key=lambda entry: (-entry[1], entry[0])))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return mean_rank


def _groups(values: Sequence[Any], dimension: Dimension) -> NDArray[np.int64]:
    numbers = np.array(values, dtype=np.float64)
    if dimension.choices is not None:
        return numbers.astype(np.int64)
    edges = np.quantile(numbers, np.arange(1, GROUPS) / GROUPS)
    return np.searchsorted(edges, numbers, side="left").astype(np.int64)


def _explained(ranks: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    rows, kinds = len(ranks), len(counts)
    if kinds < 2 or kinds >= rows:
        return 0.0
    means = np.bincount(inverse, weights=ranks) / counts
    within = float(((ranks - means[inverse]) ** 2).sum())
    total = float(((ranks - ranks.mean()) ** 2).sum())
    return max(0.0, 1 - (within / (rows - kinds)) / (total / (rows - 1)))
