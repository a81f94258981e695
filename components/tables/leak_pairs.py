"""Leakage by two columns: classes that a threshold on their difference, sum, ratio or product tells apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leak_formula import shown_name
from sevenfold.tables.leakage import Evidence, number_evidence

__all__ = ["Pair", "find_pair"]

MAX_COLUMNS: Final = 16
MAX_CLASSES: Final = 20
QUICK_ROWS: Final = 1_000
QUICK_LEFT: Final = 0.03
NEAR: Final = 0.01  # share of the errors of the most frequent class
FEW: Final = 2  # errors that count as none
MIN_BASELINE: Final = 100  # rows outside the most frequent class
COMPLETE: Final = 0.8  # share of the rows in which both must be there
MIN_ALONE: Final = 0.1  # what each column must leave alone

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Two columns and how they are combined: ``-``, ``+``, ``/`` or ``x``."""

    first: str
    second: str
    sign: str
    evidence: Evidence
    exact: bool  # surely: other rows of the table would not show it less

    def text(self, target: str) -> str:
        """Return the rule as a person reads it."""
        first, second = shown_name(self.first), shown_name(self.second)
        return f"thresholds on {first} {self.sign} {second} give {shown_name(target)}"


def find_pair(numbers: Mapping[str, Matrix], target: NDArray[np.int64], *, classes: int) -> Pair | None:
    """Return two columns of which a combination tells the classes apart, although neither does so alone.

    Args:
        numbers: columns, shape ``[n]`` each, NaN for missing.
        target: class index, shape ``[n]``.
        classes: the number of classes.
    """
    baseline = len(target) - int(np.bincount(target, minlength=classes).max())
    if len(numbers) < 2 or classes > MAX_CLASSES or baseline < MIN_BASELINE:
        return None
    step = max(1, len(target) // QUICK_ROWS)
    best: tuple[float, str, str, str] | None = None
    for first, second in combinations(_likely(numbers, target, classes), 2):
        for sign, (known, values) in _combined(numbers[first][::step], numbers[second][::step]).items():
            left = number_evidence(values, target[::step][known], classes=classes).left
            if left <= QUICK_LEFT and (best is None or left < best[0]):
                best = (left, first, second, sign)
    if best is None:
        return None
    _, first, second, sign = best
    known, values = _combined(numbers[first], numbers[second])[sign]
    evidence = number_evidence(values, target[known], classes=classes)
    if evidence.left * baseline > max(FEW, NEAR * baseline):
        return None
    alone = [number_evidence(numbers[name], target, classes=classes).left for name in (first, second)]
    if min(alone) < MIN_ALONE:
        return None
    return Pair(first, second, sign, evidence, evidence.exact and baseline >= 1.5 * MIN_BASELINE)


def _combined(first: Matrix, second: Matrix) -> dict[str, tuple[NDArray[np.bool_], Matrix]]:
    """Return by sign which rows have both values, and these combined; nothing where too few have."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.mean() < COMPLETE:
        return {}
    one, other = first[known], second[known]
    found = {"-": (known, one - other), "+": (known, one + other), "x": (known, one * other)}
    if (other != 0).all():
        found["/"] = (known, one / other)
    return found


def _likely(numbers: Mapping[str, Matrix], target: NDArray[np.int64], classes: int) -> list[str]:
    """Return the columns that matter most in a linear model of each class, with all others beside them."""
    names = [name for name, values in numbers.items() if np.isfinite(values).mean() > 0.5 and np.nanstd(values) > 0]
    if len(names) <= MAX_COLUMNS:
        return names
    matrix = np.column_stack([numbers[name] for name in names])
    matrix = np.where(np.isfinite(matrix), matrix, np.nanmean(matrix, axis=0))
    x = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    wanted = np.eye(classes)[target]
    wanted = wanted - wanted.mean(axis=0)
    alone = np.abs(x.T @ wanted).max(axis=1)
    together = alone
    if len(target) > 2 * len(names):
        together = np.abs(np.linalg.lstsq(x, wanted, rcond=1e-13)[0]).max(axis=1)
    order = [at for both in zip(np.argsort(-together), np.argsort(-alone), strict=True) for at in both]
    return [names[at] for at in dict.fromkeys(order)][:MAX_COLUMNS]
