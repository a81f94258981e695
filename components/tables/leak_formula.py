"""Leakage by a formula: a value that is almost exactly a sum, difference, product or ratio of a few columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.leakage import halves, variance_left

__all__ = ["COMPLETE", "MIN_ROWS", "NEAR", "REFITS", "Formula", "best_fitting", "find_formula", "measured"]
__all__ += ["shown_name"]

NEAR: Final = 3e-4  # of the variance, left of two terms on rows that the formula was not fitted to
NEAR_MORE: Final = 5e-5  # of more terms, which may fit by chance
EXACT: Final = 1e-5
PROMISING: Final = 0.1  # what all columns together may leave, before rows that do not fit are set aside
ODD: Final = 0.03  # share of the rows that may not fit at all
ODD_EXACT: Final = 0.005
NEEDED: Final = 0.1  # of what is left without its last term a formula may leave
MAX_TERMS: Final = 4
MAX_PARTS: Final = 12  # of a plain sum, whose parts all count alike
ALIKE: Final = 0.01  # how far the coefficients of a plain sum may differ
MIN_ROWS: Final = 100
COMPLETE: Final = 0.5  # share of the rows in which all terms must be there
ROWS_PER_COLUMN: Final = 5
TRIED: Final = 20  # columns that are looked at closely
REFITS: Final = 3  # each without the rows that fit worst
REFITTED: Final = 200  # columns that are fitted again without these rows
FAR: Final = 100.0  # widths of the middle 98 % beyond which a value is taken for none

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Formula:
    """A target as a combination of columns.

    `terms` has the coefficient of each column, or its power where `logs` is set. `left` is the share of the variance
    that stays, on `rows` rows that it was not fitted to, those that fit worst set aside; of logarithms where `logs` is
    set. All terms are there in a `share` of the rows.
    """

    terms: dict[str, float]
    logs: bool
    left: float
    rows: int
    share: float
    left_of_nearly_all: float  # with fewer rows set aside

    @property
    def exact(self) -> bool:
        """Whether hardly more than rounding is left, surely: other rows of the table would not show it less."""
        return self.left_of_nearly_all <= EXACT and self.rows >= 0.75 * MIN_ROWS and self.share >= COMPLETE + 0.1

    @property
    def known_last(self) -> tuple[str, ...]:
        """The columns known only with the target: those that make it larger, or all where all do the same."""
        larger = tuple(name for name, factor in self.terms.items() if factor > 0)
        return larger or tuple(self.terms)

    def text(self, target: str) -> str:
        """Return the formula as a person reads it, without its constant."""
        ordered = sorted(self.terms.items(), key=lambda term: term[1] < 0)
        parts = [(factor, shown_name(name)) for name, factor in ordered]
        if self.logs:
            shown = " x ".join(name if abs(power - 1) < ALIKE else f"{name}^{power:.3g}" for power, name in parts)
            return f"{shown_name(target)} ≈ {shown}"
        shown = " ".join(
            f"{'-' if factor < 0 else '+'} {'' if abs(abs(factor) - 1) < ALIKE else f'{abs(factor):.3g} x '}{name}"
            for factor, name in parts
        )
        return f"{shown_name(target)} ≈ {shown.removeprefix('+ ')}"


def find_formula(numbers: Mapping[str, Matrix], target: Matrix) -> Formula | None:
    """Return the shortest formula of two to four columns, or a plain sum of up to twelve, that leaves hardly anything.

    Least squares on half of the rows, first with all columns, then without the least useful ones in turn; measured on
    the other half. Linear, then in logarithms of what is positive.

    Args:
        numbers: columns, shape ``[n]`` each, NaN for missing.
        target: shape ``[n]``, finite.
    """
    columns = {name: _without_far(values) for name, values in numbers.items()}
    wanted = _without_far(target)
    found = _sparse(columns, wanted, logs=False)
    if found is not None:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = {name: np.where(values > 0, np.log(values), np.nan) for name, values in columns.items()}
        return _sparse(positive, np.where(wanted > 0, np.log(wanted), np.nan), logs=True)


def _without_far(values: Matrix) -> Matrix:
    """Return the values without those so far off that they stand for something else."""
    present = values[np.isfinite(values)]
    if not len(present):
        return values
    low, middle, high = np.quantile(present, [0.01, 0.5, 0.99])
    reach = FAR * (high - low)
    with np.errstate(invalid="ignore"):
        far = ~np.isfinite(values) | ((np.abs(values - middle) > reach) if reach > 0 else False)
    return np.where(far, np.nan, values) if far.any() else values


def _sparse(columns: Mapping[str, Matrix], target: Matrix, *, logs: bool) -> Formula | None:
    rows = np.isfinite(target)
    if rows.sum() < max(MIN_ROWS, COMPLETE * len(target)):
        return None
    wanted = target[rows]
    table = {name: values[rows] for name, values in columns.items()}
    table = {n: v for n, v in table.items() if np.isfinite(v).mean() >= COMPLETE and np.nanmax(v) > np.nanmin(v)}
    if len(table) < 2 or not np.ptp(wanted) > 0:
        return None
    order = _eliminated(table, wanted)
    before = 1.0
    for size in range(1, min(len(order), MAX_PARTS) + 1):
        formula = _fitted(order[:size], table, wanted, len(target), logs=logs)
        if formula is None:
            return None
        if size > 1 and formula.left <= NEEDED * before and _holds(formula):
            return formula
        before = formula.left
    return None


def _holds(formula: Formula) -> bool:
    factors = np.array(list(formula.terms.values()))
    if len(factors) > MAX_TERMS and np.ptp(factors) > ALIKE * np.abs(factors).max():
        return False
    return formula.left <= (NEAR if len(factors) == 2 else NEAR_MORE)


def _eliminated(table: Mapping[str, Matrix], target: Matrix) -> list[str]:
    """Return the columns, the most useful first; none where all of them together do not give the target."""
    names = list(table)
    matrix = np.column_stack([table[name] for name in names])
    complete = np.isfinite(matrix).all(axis=1)
    whole = complete.sum() >= max(MIN_ROWS, 0.1 * len(target), 2 * ROWS_PER_COLUMN * len(names))
    if whole:
        matrix, target = matrix[complete], target[complete]
    else:
        matrix = np.where(np.isfinite(matrix), matrix, np.nanmean(matrix, axis=0))
    seen, held = halves(len(matrix))
    center, scale = matrix[seen].mean(axis=0), matrix[seen].std(axis=0)
    kept = np.flatnonzero(scale > 0)
    x, y = (matrix[:, kept] - center[kept]) / scale[kept], target - target[seen].mean()
    weight = np.abs(x[seen].T @ y[seen])
    most = max(2, len(seen) // ROWS_PER_COLUMN)
    if len(kept) > most:
        best = np.sort(np.argsort(-weight)[:most])
        x, kept, weight = x[:, best], kept[best], weight[best]
    triangle, factors = _triangle(x[seen], y[seen])
    if len(kept) <= REFITTED:
        fits = best_fitting(y[seen] - x[seen] @ factors)
        triangle, factors = _triangle(x[seen][fits], y[seen][fits])
    if whole:
        fits = best_fitting(y[held] - x[held] @ factors)
        if variance_left(y[held][fits], x[held][fits] @ factors) > PROMISING:
            return []
    some = np.unique(np.concatenate([np.argsort(-np.abs(factors))[:TRIED], np.argsort(-weight)[:TRIED]]))
    return [names[kept[at]] for at in _backwards(triangle[:, some], triangle[:, -1], some)]


def _triangle(x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Return the rows as a triangle that has the same least squares, the target last, and their solution."""
    triangle: Matrix = np.asarray(np.linalg.qr(np.column_stack([x, y]), mode="r"))
    factors: Matrix = np.linalg.lstsq(triangle[:, :-1], triangle[:, -1], rcond=1e-13)[0].astype(np.float64)
    return triangle, factors


def _backwards(triangle: Matrix, wanted: Matrix, columns: NDArray[np.int64]) -> list[int]:
    """Return columns in the order of their use: the last is the first that can be spared."""
    left, order = list(range(len(columns))), []
    while len(left) > 1:
        costs = []
        for spare in left:
            rest = [at for at in left if at != spare]
            factors = np.linalg.lstsq(triangle[:, rest], wanted, rcond=1e-13)[0]
            costs.append(float(((wanted - triangle[:, rest] @ factors) ** 2).sum()))
        order.append(left.pop(int(np.argmin(costs))))
    return [int(columns[at]) for at in [*left, *order[::-1]]]


def _fitted(
    names: list[str], table: Mapping[str, Matrix], target: Matrix, all_rows: int, *, logs: bool
) -> Formula | None:
    matrix = np.column_stack([table[name] for name in names])
    complete = np.isfinite(matrix).all(axis=1)
    if complete.sum() < max(MIN_ROWS, COMPLETE * all_rows):
        return None
    matrix, target = matrix[complete], target[complete]
    seen, held = halves(len(matrix))
    center, scale = matrix[seen].mean(axis=0), matrix[seen].std(axis=0)
    if not (scale > 0).all():
        return None
    x, y = np.column_stack([(matrix - center) / scale, np.ones(len(matrix))]), target - target[seen].mean()
    kept = seen
    for _ in range(REFITS):
        factors = np.linalg.lstsq(x[kept], y[kept], rcond=1e-13)[0]
        kept = seen[best_fitting(y[seen] - x[seen] @ factors)]
    terms = dict(zip(names, (factors[:-1] / scale).tolist(), strict=True))
    return measured(terms, y[held], x[held] @ factors, float(complete.sum() / all_rows), logs=logs)


def measured(terms: dict[str, float], target: Matrix, guess: Matrix, share: float, *, logs: bool) -> Formula:
    """Return a formula with what it leaves of the rows that it was not fitted to."""
    left, left_of_nearly_all = (
        variance_left(target[fits], guess[fits])
        for fits in (best_fitting(target - guess), best_fitting(target - guess, ODD_EXACT))
    )
    return Formula(terms, logs, left, len(target), share, left_of_nearly_all)


def best_fitting(residuals: Matrix, odd: float = ODD) -> NDArray[np.bool_]:
    """Return all rows but the few that fit worst."""
    sizes = np.abs(residuals)
    return np.asarray(sizes <= np.quantile(sizes, 1 - odd))


def shown_name(name: str) -> str:
    """Return a column's name as it may stand in a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:40])
