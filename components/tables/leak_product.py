"""Leakage by a product or a ratio of two columns, of any signs and with zeros, where logarithms do not reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leak_formula import COMPLETE, MIN_ROWS, NEAR, REFITS, Formula, best_fitting, measured
from sevenfold.tables.leakage import halves, line_through

__all__ = ["find_product"]

MAX_COLUMNS: Final = 150
QUICK_ROWS: Final = 500
QUICK: Final = 0.9  # squared correlation

Matrix = NDArray[np.float64]


def find_product(numbers: Mapping[str, Matrix], target: Matrix) -> Formula | None:
    """Return two columns whose product or ratio is the target, but for a factor and a constant.

    All pairs are compared on few rows; the closest is then measured on rows that it was not fitted to.

    Args:
        numbers: columns, shape ``[n]`` each, NaN for missing.
        target: shape ``[n]``, NaN for missing.
    """
    names = [name for name, values in numbers.items() if np.isfinite(values).mean() >= COMPLETE][:MAX_COLUMNS]
    if len(names) < 2 or np.isfinite(target).sum() < MIN_ROWS:
        return None
    step = max(1, len(target) // QUICK_ROWS)
    some = np.column_stack([numbers[name][::step] for name in names])
    found = [(*_closest(at, some, target[::step], power), at, power) for at in range(len(names)) for power in (1, -1)]
    correlation, other, at, power = max(found)
    if correlation < QUICK:
        return None
    return _fitted({names[at]: 1.0, names[other]: float(power)}, numbers, target)


def _closest(at: int, matrix: Matrix, target: Matrix, power: int) -> tuple[float, int]:
    """Return the largest squared correlation of the target with a column times the power of others, and of which."""
    column = matrix[:, at]
    with np.errstate(all="ignore"):
        x = column[:, None] * (matrix if power > 0 else 1 / matrix)
        known = np.isfinite(x) & np.isfinite(target)[:, None]
        x, y = np.where(known, x, 0.0), np.where(known, target[:, None], 0.0)
        rows = known.sum(axis=0)
        x, y = np.where(known, x - x.sum(axis=0) / rows, 0.0), np.where(known, y - y.sum(axis=0) / rows, 0.0)
        squared = (x * y).sum(axis=0) ** 2 / ((x**2).sum(axis=0) * (y**2).sum(axis=0))
    squared = np.where(np.isfinite(squared) & (rows >= COMPLETE * len(column)), squared, 0.0)
    squared[at] = -1.0  # the column itself
    return float(squared.max()), int(squared.argmax())


def _fitted(terms: dict[str, float], numbers: Mapping[str, Matrix], target: Matrix) -> Formula | None:
    (first, _), (second, power) = terms.items()
    with np.errstate(all="ignore"):
        product = numbers[first] * numbers[second] ** power
    known = np.isfinite(product) & np.isfinite(target)
    if known.sum() < max(MIN_ROWS, COMPLETE * len(target)):
        return None
    x, y = product[known], target[known]
    seen, held = halves(len(x))
    kept = seen
    for _ in range(REFITS):
        slope, shift = line_through(x[kept], y[kept])
        kept = seen[best_fitting(y[seen] - shift - slope * x[seen])]
    formula = measured(terms, y[held], shift + slope * x[held], float(known.mean()), logs=True)
    return formula if formula.left <= NEAR else None
