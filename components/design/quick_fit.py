"""A quick linear fit of a table: what a straight line makes of it, on rows that it was not fitted to.

Least squares with a small penalty on standardised numbers and 0/1 levels, of the target's value or of one indicator per
class; the normal equations of five parts of the rows add up, so that each part is scored by the other four. It is a
yardstick for the gates that are proposed, not a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind, Task
from sevenfold.design.profile import RARE
from sevenfold.design.target import TargetFacts
from sevenfold.scoring.scores import score

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.design.typed_column import TypedColumn

__all__ = ["QuickScore", "quick_fit"]

Floats = NDArray[np.float64]
MAX_ROWS: Final = 10_000
MIN_ROWS: Final = 50
MAX_WIDTH: Final = 300  # inputs; columns beyond it are left out
MAX_LEVELS: Final = 30  # of a category
MAX_CLASSES: Final = 50  # that are scored, the most frequent first
PARTS: Final = 5
STRONG: Final = 0.9  # ROC AUC of a line beside which a model may well be perfect
NOTHING_SEEN: Final = 3.0  # what n rows never show has with 95 % a share of at most 3 / n
DRAWS: Final = 30  # samples that show how a score spreads
FLOOR: Final = 4.0  # errors: 1.6 for the bound of a gate, 2.4 for the luck of its rows, which nearly all have
PENALTY: Final = 1.0
HUGE: Final = 1e150
CLIP: Final = 10.0  # quartile ranges from the median, so that one absurd value bends no line


@dataclass(frozen=True)
class QuickScore:
    """What the fit scores on `rows` rows that it did not see.

    `low` and `high` are what such a score is on as few as `test_rows` rows, one standard error down and up; `floor` is
    what nearly no such score is below, four errors down. Of ROC AUC the errors are those of its logit; where a
    model may well be perfect, the floor is no higher than a perfect score is shown to be on the rarest class's rows.
    """

    metric: str
    value: float
    low: float
    high: float
    floor: float
    rows: int
    test_rows: int


def quick_fit(
    columns: list[TypedColumn], target: TargetFacts, usable: NDArray[np.bool_], test_share: float, late: Any = None
) -> QuickScore | None:
    """Return the score of a linear fit; None where there are too few rows, no inputs or no score.

    Args:
        columns: the features.
        target: of all rows.
        usable: the rows that preparation will use, `[n]`.
        test_share: share of the usable rows that will test.
        late: rows that will not train, `[n]`, where the rows are split in time: they alone are scored, by a fit to the
            others. None scores every row by a fit to four fifths of the rest.
    """
    rows = np.flatnonzero(usable & target.labelled)
    test_rows = round(len(rows) * test_share)
    rng = np.random.default_rng(7)
    if len(rows) > MAX_ROWS:
        rows = np.sort(rng.choice(rows, MAX_ROWS, replace=False))
    inputs = _inputs(columns, rows)
    if len(rows) < MIN_ROWS or inputs.shape[1] < 2 or test_rows < 2:
        return None
    parts = rng.permutation(len(rows)) % PARTS if late is None else late[rows].astype(np.int64)
    truth = target.codes[rows]
    fitted = _predicted(inputs, _wanted(target, truth), parts, 1 if late is not None else 0)
    scored = parts >= (1 if late is not None else 0)
    return _scored(target, truth[scored], fitted[scored], test_rows)


def _predicted(inputs: Floats, wanted: Floats, parts: NDArray[np.int64], first: int) -> Floats:
    """Return what each part from `first` on is predicted to be by a fit to all others, in the shape of `wanted`."""
    fitted = np.zeros_like(wanted)
    penalty = PENALTY * np.eye(inputs.shape[1])
    penalty[0, 0] = 1e-6  # the intercept is free
    for part in range(first, int(parts.max()) + 1):
        others = parts != part
        chosen, middle = inputs[others], wanted[others].mean(axis=0)  # targets far from 0 would lose their digits
        weights = np.linalg.solve(chosen.T @ chosen + penalty, chosen.T @ (wanted[others] - middle))
        fitted[~others] = inputs[~others] @ weights + middle
    return fitted


def _scored(target: TargetFacts, truth: NDArray[Any], fitted: Floats, test_rows: int) -> QuickScore | None:
    """Score the fit, and samples of as many rows as will test, whose scores spread as one on these will."""
    regression = target.task is Task.REGRESSION
    metric, predicted = ("r2", fitted[:, 0]) if regression else ("roc_auc", fitted)
    if not regression:
        known = truth < fitted.shape[1]
        truth, predicted = truth[known], predicted[known]
    value, size, rng = score(metric, truth, predicted), min(test_rows, len(truth)), np.random.default_rng(7)
    draws = [rng.integers(0, len(truth), size) for _ in range(DRAWS)]
    spread = [score(metric, truth[rows], predicted[rows]) for rows in draws]
    at = value
    if not regression:
        spread, at = [_logit(area, size) for area in spread], _logit(value, len(truth))
    finite = [entry for entry in spread if math.isfinite(entry)]
    if not math.isfinite(value) or len(finite) < DRAWS / 2:
        return None
    error = float(np.std(finite)) * math.sqrt(size / test_rows)
    ends = [at + errors * error for errors in (-1, 1, -FLOOR)]
    low, high, floor = ends if regression else map(_share, ends)
    if not regression and value > STRONG:
        rarest = target.classes[-1][1] / sum(count for _, count in target.classes) * test_rows
        floor = min(floor, 1 - NOTHING_SEEN / max(rarest - 1, NOTHING_SEEN))
    return QuickScore(metric, value, low, high, floor, len(truth), test_rows)


def _logit(share: float, rows: int) -> float:
    """Return the logit of a share of so many rows: that of half a row instead of 0 or 1."""
    share = min(max(share, 0.5 / rows), 1 - 0.5 / rows)
    return math.log(share / (1 - share))


def _share(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _wanted(target: TargetFacts, truth: NDArray[Any]) -> Floats:
    if target.task is Task.REGRESSION:
        return np.asarray(truth, dtype=np.float64)[:, None]
    classes = min(len(target.classes), MAX_CLASSES)
    return np.asarray(truth[:, None] == np.arange(classes), dtype=np.float64)


def _inputs(columns: list[TypedColumn], rows: NDArray[np.int64]) -> Floats:
    """Return the intercept and the inputs, ``[rows, inputs]``."""
    blocks, width = [np.ones((len(rows), 1))], 1
    for column in columns:
        values = column.values[rows]
        block = _levels(values) if column.kind is Kind.CATEGORY else _numbers(values, column.kind)
        if block is not None and width + block.shape[1] <= MAX_WIDTH:
            blocks.append(block)
            width += block.shape[1]
    return np.concatenate(blocks, axis=1)


def _numbers(values: pl.Series, kind: Kind) -> Floats | None:
    import polars as pl

    if kind is Kind.DATETIME:
        return None
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    missing = ~np.isfinite(numbers)
    if missing.all():
        return None
    if (largest := float(np.abs(numbers[~missing]).max())) > HUGE:
        numbers = numbers / largest  # or differences would overflow
    low, middle, high = np.quantile(numbers[~missing], [0.25, 0.5, 0.75])
    filled = np.where(missing, 0.0, numbers - middle)
    unit = (high - low) or float(np.abs(filled).max()) or 1.0
    with np.errstate(over="ignore"):  # what overflows is cut off
        cut = np.clip(filled / unit, -CLIP, CLIP)
    cut = cut / (float(cut.std()) or 1.0)
    return np.stack([cut, missing.astype(np.float64)], axis=1) if missing.any() else cut[:, None]


def _levels(values: pl.Series) -> Floats | None:
    counted = values.drop_nulls().alias("value").value_counts(sort=True)
    often = counted.filter(counted["count"] >= RARE)["value"].head(MAX_LEVELS).to_list()
    if not often:
        return None
    texts = values.to_numpy()
    return np.stack([(texts == level).astype(np.float64) for level in often], axis=1)
