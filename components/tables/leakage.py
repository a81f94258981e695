"""Leakage by one column: how well does it give the target alone? One that does was most likely written after the event.

Shared by design, which proposes to leave such columns out, and preparation, which refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "SAMPLE_ROWS", "Evidence", "category_evidence", "halves", "line_through"]
__all__ += ["number_evidence", "variance_left"]

SAMPLE_ROWS: Final = 20_000
MIN_ROWS: Final = 50
FEW_CLASSES: Final = 16  # for which a table of levels and classes is counted, not sorted
MIN_CLASS_ROWS: Final = 10
ERRORS: Final = 0.001  # share of rows that may disagree
CORRELATION: Final = 0.9999
KNOTS: Final = 64  # of the curve that a number's value is read from


@dataclass(frozen=True)
class Evidence:
    """How well one column alone gives the target.

    `exact` says that it gives it away. `left` is the share of what there is to explain that it leaves: of the errors
    that the most frequent class would make, or of the variance. `text` is a sentence with the number that shows it.
    """

    exact: bool
    left: float
    text: str = ""
    renaming: bool = False  # it has about as many values as there are classes, one for each


NOTHING: Final = Evidence(exact=False, left=1.0)


def number_evidence(values: NDArray[np.float64], target: NDArray[Any], *, classes: int) -> Evidence:
    """Return how well a number gives the target of at least 50 rows.

    A class: where, in the order of the number, rows of one class lie together, with hardly any other in between (a
    threshold per class separates them). A value: where the ranks of both correlate by 0.9999 or more; what is left of
    the variance is measured on every other row, around a curve through medians of the rows between.

    Args:
        values: shape ``[n]``, NaN for missing, which is a value of its own.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.

    >>> x = np.arange(100.0)
    >>> number_evidence(x, (x > 70).astype(int), classes=2).exact
    True
    """
    values, target = _sampled(values, target)
    if len(values) < MIN_ROWS:
        return NOTHING
    if not classes:
        return _number_gives_value(values, target)
    counts = np.bincount(target, minlength=classes)
    if (counts[counts > 0] < MIN_CLASS_ROWS).any() and counts.max() > len(target) - MIN_CLASS_ROWS:
        return NOTHING  # too few rows outside the largest class to tell luck from leak
    _, level = np.unique(values, return_inverse=True)
    most, hits = _majorities(level, target, classes)
    wrong = len(target) - int(hits.sum())
    turns = int(np.count_nonzero(np.diff(most)))
    baseline = len(target) - int(counts.max())
    # a row among those of another class makes two turns
    errors = wrong + max(0, turns - (classes - 1)) // 2
    return Evidence(
        exact=wrong + turns <= (classes - 1) + ERRORS * baseline,
        left=errors / max(1, baseline),
        text=_class_text(errors, len(target), baseline),
        renaming=_is_renaming(most, target),
    )


def category_evidence(codes: NDArray[np.int64], target: NDArray[Any], *, classes: int) -> Evidence:
    """Return how well a category gives the target: learned on every other row, measured on the rows between.

    Args:
        codes: shape ``[n]``, one code per level, missing has one too.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    codes, target = _sampled(codes, target)
    if len(codes) < MIN_ROWS:
        return NOTHING
    seen, held = halves(len(codes))
    _, level = np.unique(codes, return_inverse=True)
    levels = int(level.max()) + 1
    if not classes:
        left = _category_left(level, target, seen, held, levels)
        return Evidence(exact=left <= 1 - CORRELATION**2, left=left, text=f"alone it has R² {1 - left:.4f}")
    counts = np.bincount(target, minlength=classes)
    guess = np.full(levels, counts.argmax())
    known, local = np.unique(level[seen], return_inverse=True)
    guess[known], _ = _majorities(local, target[seen], classes)
    wrong = int(np.count_nonzero(guess[level[held]] != target[held]))
    baseline = int(np.count_nonzero(target[held] != counts.argmax()))
    return Evidence(
        exact=bool(baseline >= MIN_CLASS_ROWS and wrong <= ERRORS * baseline),
        left=wrong / max(1, baseline),
        text=_class_text(wrong, len(held), baseline),
        renaming=_is_renaming(_majorities(level, target, classes)[0], target),
    )


def halves(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which rows to learn from and which to measure on: at random, always the same."""
    order = np.random.default_rng(7).permutation(rows)
    return order[::2], order[1::2]


def _class_text(errors: int, rows: int, baseline: int) -> str:
    return f"alone it is wrong in {errors:,} of {rows:,} rows, always the most frequent class in {baseline:,}"


def _is_renaming(most: NDArray[np.int64], target: NDArray[np.int64]) -> bool:
    """Whether a column's values are the classes by other names; one more may stand for missing."""
    there = int(np.count_nonzero(np.bincount(target)))
    return there <= len(most) <= there + 1 and len(np.unique(most)) == there


def _number_gives_value(values: NDArray[np.float64], target: NDArray[np.float64]) -> Evidence:
    present = ~np.isnan(values)
    if present.mean() <= 0.5 or present.sum() < MIN_ROWS:
        return NOTHING
    known, wanted = values[present], target[present]
    correlation = _rank_correlation(known, wanted)
    left = _curve_left(_scaled(known), _scaled(wanted))
    return Evidence(
        exact=bool(present.mean() > 1 - ERRORS) and correlation >= CORRELATION,
        left=left,
        text=f"alone it has R² {1 - left:.4f} and rank correlation {correlation:.4f}",
    )


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values as parts of the largest, so that their squares can be added."""
    largest = float(np.abs(values).max())
    return values / largest if largest > 0 else values


def _curve_left(values: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Return the share of the variance around a line, or a curve through means of groups of rows, on other rows."""
    seen, held = halves(len(values))
    order = seen[np.argsort(values[seen], kind="stable")]
    groups = np.array_split(order, max(2, min(KNOTS, len(order) // 8)))
    x, y = (np.array([side[group].mean() for group in groups]) for side in (values, target))
    curved = np.interp(values[held], x, y)
    slope, shift = line_through(values[seen], target[seen])
    return min(variance_left(target[held], shift + slope * values[held]), variance_left(target[held], curved))


def line_through(values: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and height at 0 of the line of least squares."""
    center, shift, spread = float(values.mean()), float(target.mean()), float(np.var(values))
    slope = float(np.mean((values - center) * (target - shift))) / spread if spread > 0 else 0.0
    return slope, shift - slope * center


def variance_left(target: NDArray[np.float64], guess: NDArray[np.float64]) -> float:
    """Return the share of a target's variance that a guess leaves, of all rows or the middle 96 % where it is more.

    A few enormous values may make up nearly all of the variance.
    """
    low, high = np.quantile(target, [0.02, 0.98])
    shares = []
    for rows in (np.ones(len(target), dtype=np.bool_), (target >= low) & (target <= high)):
        spread = float(np.var(target[rows]))
        if spread > 0:
            shares.append(float(np.mean((target[rows] - guess[rows]) ** 2)) / spread)
    return max(shares, default=1.0)


def _category_left(
    level: NDArray[np.int64],
    target: NDArray[np.float64],
    seen: NDArray[np.int64],
    held: NDArray[np.int64],
    levels: int,
) -> float:
    count = np.bincount(level[seen], minlength=levels)
    total = np.bincount(level[seen], weights=target[seen], minlength=levels)
    mean = np.where(count > 0, total / np.maximum(count, 1), target[seen].mean())
    left = float(np.mean((target[held] - mean[level[held]]) ** 2))
    spread = float(np.var(target[held]))
    return left / spread if spread > 0 else 1.0


def _sampled(values: NDArray[Any], target: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    step = -(-len(values) // SAMPLE_ROWS) or 1
    return values[::step], target[::step]


def _majorities(
    level: NDArray[np.int64], target: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the most frequent class of each level, of equals the last, and how often it is there; every one occurs."""
    if classes <= FEW_CLASSES:
        table = np.bincount(level * classes + target, minlength=(int(level.max()) + 1) * classes).reshape(-1, classes)
        most = classes - 1 - np.argmax(table[:, ::-1], axis=1)
        return most, table[np.arange(len(table)), most]
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
