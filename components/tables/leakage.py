"""Leakage: does one column alone reveal the target? A column that does was most likely written down after the event.

Shared by design, which proposes to leave such columns out, and preparation, which refuses them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAMPLE_ROWS", "category_leaks", "number_leaks"]

SAMPLE_ROWS: Final = 20_000
MIN_ROWS: Final = 50
MIN_CLASS_ROWS: Final = 10
ERRORS: Final = 0.001  # share of rows that may disagree
CORRELATION: Final = 0.9999


def number_leaks(values: NDArray[np.float64], target: NDArray[Any], *, classes: int) -> bool:
    """Whether a number reveals the target of at least 50 rows.

    A class: where, in the order of the number, rows of one class lie together, with hardly any other in between (a
    threshold per class separates them). A value: where the ranks of both correlate by 0.9999 or more.

    Args:
        values: shape ``[n]``, NaN for missing, which is a value of its own.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.

    >>> x = np.arange(100.0)
    >>> number_leaks(x, (x > 70).astype(int), classes=2)
    True
    """
    values, target = _sampled(values, target)
    if len(values) < MIN_ROWS:
        return False
    if not classes:
        present = ~np.isnan(values)
        return bool(present.mean() > 1 - ERRORS) and _rank_correlation(values[present], target[present]) >= CORRELATION
    counts = np.bincount(target, minlength=classes)
    if (counts[counts > 0] < MIN_CLASS_ROWS).any() and counts.max() > len(target) - MIN_CLASS_ROWS:
        return False  # too few rows outside the largest class to tell luck from leak
    _, level = np.unique(values, return_inverse=True)
    most, hits = _majorities(level, target, classes)
    wrong = len(target) - int(hits.sum())
    turns = int(np.count_nonzero(np.diff(most)))
    baseline = len(target) - int(counts.max())
    return wrong + turns <= (classes - 1) + ERRORS * baseline


def category_leaks(codes: NDArray[np.int64], target: NDArray[Any], *, classes: int) -> bool:
    """Whether a category reveals the target: learned on every other row, it is right on the rows between.

    Args:
        codes: shape ``[n]``, one code per level, missing has one too.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    codes, target = _sampled(codes, target)
    if len(codes) < MIN_ROWS:
        return False
    order = np.random.default_rng(7).permutation(len(codes))
    seen, held = order[::2], order[1::2]
    _, level = np.unique(codes, return_inverse=True)
    levels = int(level.max()) + 1
    if not classes:
        return _category_tells_value(level, target, seen, held, levels)
    counts = np.bincount(target, minlength=classes)
    guess = np.full(levels, counts.argmax())
    known, local = np.unique(level[seen], return_inverse=True)
    guess[known], _ = _majorities(local, target[seen], classes)
    wrong = np.count_nonzero(guess[level[held]] != target[held])
    baseline = np.count_nonzero(target[held] != counts.argmax())
    return bool(baseline >= MIN_CLASS_ROWS and wrong <= ERRORS * baseline)


def _category_tells_value(
    level: NDArray[np.int64],
    target: NDArray[np.float64],
    seen: NDArray[np.int64],
    held: NDArray[np.int64],
    levels: int,
) -> bool:
    count = np.bincount(level[seen], minlength=levels)
    total = np.bincount(level[seen], weights=target[seen], minlength=levels)
    mean = np.where(count > 0, total / np.maximum(count, 1), target[seen].mean())
    left = float(np.mean((target[held] - mean[level[held]]) ** 2))
    return left <= (1 - CORRELATION**2) * float(np.var(target[held]))


def _sampled(values: NDArray[Any], target: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    step = -(-len(values) // SAMPLE_ROWS) or 1
    return values[::step], target[::step]


def _majorities(
    level: NDArray[np.int64], target: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the most frequent class of each level and how often it is there; every level occurs."""
    pairs, counts = np.unique(level * classes + target, return_counts=True)
    order = np.lexsort((counts, pairs // classes))
    last = np.flatnonzero(np.diff(pairs[order] // classes, append=-1))
    return (pairs % classes)[order][last], counts[order][last]


def _rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    ranks = [_ranks(first), _ranks(second)]
    spread = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((spread[0] ** 2).sum() * (spread[1] ** 2).sum()))
    return abs(float((spread[0] * spread[1]).sum())) / scale if scale > 0 else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, level, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + last - 1) / 2)[level]
