"""How well all other columns together give the target: what a suspect column has to stand out from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leakage import halves, variance_left

__all__ = ["left_by"]

BINS: Final = 8  # of a number
LEVELS: Final = 15  # of a category
MAX_COLUMNS: Final = 60
CLIP: Final = 5.0  # standard deviations
SHRINKAGE: Final = 0.02  # of the columns' mean variance, added to each

Matrix = NDArray[np.float64]


def left_by(
    numbers: Mapping[str, Matrix], codes: Mapping[str, NDArray[np.int64]], target: NDArray[Any], *, classes: int
) -> float:
    """Return the share of what there is to explain that a model of these columns leaves, measured on half of the rows.

    The better of two models: linear in the numbers and levels, and linear in bins of the numbers as well. For classes
    it is linear discriminant analysis, as scikit-learn has it with shrinkage.

    Args:
        numbers: columns, shape ``[n]`` each, NaN for missing.
        codes: categories, shape ``[n]`` each, one code per level.
        target: class index int64, or float64, shape ``[n]``.
        classes: the number of classes; 0 for regression.
    """
    straight = [_straight(values) for values in list(numbers.values())[:MAX_COLUMNS]]
    straight += [_levels(values) for values in list(codes.values())[:MAX_COLUMNS]]
    if not straight:
        return 1.0
    binned = [_binned(values) for values in list(numbers.values())[:MAX_COLUMNS]]
    shares = []
    for blocks in (straight, straight + binned):
        matrix = np.column_stack(blocks)
        matrix = matrix[:, matrix.std(axis=0) > 0]
        if matrix.shape[1]:
            shares.append(_classes_left(matrix, target, classes) if classes else _value_left(matrix, target))
    return min([1.0, *shares])


def _straight(values: Matrix) -> Matrix:
    present = np.isfinite(values)
    if not present.any():
        return np.zeros((len(values), 1))
    low, high = np.quantile(values[present], [0.01, 0.99])
    middle = np.clip(values, low, high)
    center, scale = float(middle[present].mean()), float(middle[present].std()) or 1.0
    filled = np.where(present, np.clip((values - center) / scale, -CLIP, CLIP), 0.0)
    return np.column_stack([filled, ~present])


def _binned(values: Matrix) -> Matrix:
    present = np.isfinite(values)
    if not present.any():
        return np.zeros((len(values), 1))
    edges = np.unique(np.quantile(values[present], np.linspace(0, 1, BINS + 1)[1:-1]))
    flags: Matrix = np.eye(BINS)[np.where(present, np.searchsorted(edges, values, side="right"), 0)]
    return flags


def _levels(codes: NDArray[np.int64]) -> Matrix:
    levels, level, counts = np.unique(codes, return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:LEVELS]
    column = np.full(len(levels), len(frequent))
    column[frequent] = np.arange(len(frequent))
    flags: Matrix = np.eye(len(frequent) + 1)[column[level]][:, :-1]
    return flags


def _value_left(matrix: Matrix, target: NDArray[np.float64]) -> float:
    seen, held = halves(len(matrix))
    center, mean = matrix[seen].mean(axis=0), target[seen].mean()
    x = matrix - center
    gram = x[seen].T @ x[seen]
    factors = np.linalg.solve(gram + np.eye(len(gram)), x[seen].T @ (target[seen] - mean))
    return variance_left(target[held], mean + x[held] @ factors)


def _classes_left(matrix: Matrix, target: NDArray[np.int64], classes: int) -> float:
    seen, held = halves(len(matrix))
    counts = np.bincount(target[seen], minlength=classes)
    there = np.flatnonzero(counts)
    means = np.stack([matrix[seen][target[seen] == label].mean(axis=0) for label in there])
    inside = matrix[seen] - means[np.searchsorted(there, target[seen])]
    spread = inside.T @ inside / len(seen)
    spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread)) + 1e-9 * np.eye(len(spread))
    weights = np.linalg.solve(spread, means.T)
    scores = matrix[held] @ weights - 0.5 * (means.T * weights).sum(axis=0) + np.log(counts[there] / len(seen))
    wrong = int(np.count_nonzero(there[scores.argmax(axis=1)] != target[held]))
    baseline = int(np.count_nonzero(target[held] != counts.argmax()))
    return wrong / max(1, baseline)
