"""The alarm for a score that is too good to be true: nearly perfect, and all of it from one column.

Such a column was mostly written down after the event. A task that is easy shows it in several columns: blind in one,
the model still knows a good part of the answer. So the model is scored twice more, once with the column missing in all
rows, once with every other column missing, by a measure that a shift of all predictions leaves alone: ROC AUC, or the
squared correlation of a value with its prediction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import GateResult
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import MISSING
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.scoring.scores import score
from sevenfold.testing.sentences import format_score

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NEARLY", "Suspect", "suspect_column", "suspect_gate"]

NEARLY: Final = 0.98  # ROC AUC, or squared correlation, from which a score is nearly perfect
ALONE: Final = 0.9  # share of the gain over guessing that the column must bring alone
WITHOUT: Final = 0.5  # share of the gain that may be left without it
LEADERS: Final = 3  # features, the most important first, that are looked at
MAX_ROWS: Final = 4_000
MIN_ROWS: Final = 20


@dataclass(frozen=True)
class Suspect:
    """A column that carries a score alone: the measure's name, and its value with all, with it alone, without it."""

    column: str
    measure: str
    whole: float
    alone: float
    without: float


def suspect_column(
    scorer: Scorer, table: pa.Table, truth: NDArray[np.generic], leaders: Iterable[str], *, seed: int
) -> Suspect | None:
    """Return the column that a nearly perfect score rests on alone, or None.

    Args:
        scorer: the model.
        table: labelled test rows with every column the model takes; at most `MAX_ROWS` of them are used.
        truth: class index or value `[n]` of the same rows.
        leaders: features, the most important first.
        seed: of the sample.
    """
    if table.num_rows < MIN_ROWS:
        return None
    if table.num_rows > MAX_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(table.num_rows, MAX_ROWS, replace=False))
        table, truth = table.take(rows), truth[rows]
    regression = scorer.signature.task is Task.REGRESSION
    feeds, guess = feeds_from_table(table, scorer.signature.inputs), 0.0 if regression else 0.5

    def measured(given: Feeds) -> float:
        prediction = scorer.predict(given)
        if prediction.values is not None:
            return _squared_correlation(truth.astype(np.float64), prediction.values)
        return score("roc_auc", truth, np.asarray(prediction.probabilities))

    whole = measured(feeds)
    if not whole >= NEARLY:
        return None
    for name in list(leaders)[:LEADERS]:
        without = max(guess, measured(_without(feeds, [name])))
        if without > guess + WITHOUT * (whole - guess):
            continue
        alone = measured(_without(feeds, [other for other in scorer.signature.inputs if other != name]))
        if alone >= guess + ALONE * (whole - guess):
            return Suspect(name, "squared correlation" if regression else "roc_auc", whole, alone, without)
    return None


def suspect_gate(suspect: Suspect, allowed: Collection[str]) -> GateResult:
    """Return the gate of a score that rests on one column: a person decides, unless the plan allows the column."""
    known = suspect.column in allowed
    scores = (
        f"{suspect.column!r} alone reaches a {suspect.measure} of {format_score(suspect.alone)}, of "
        f"{format_score(suspect.whole)} with all columns, and without it {format_score(suspect.without)} is left"
    )
    end = (
        "; data.allow_leakage names it."
        if known
        else ". If it is known only after the event, give it role: ignore; else name it in data.allow_leakage."
    )
    return GateResult(
        kind="suspect",
        name="too good to be true",
        metric=suspect.measure,
        value=suspect.alone,
        limit=NEARLY,
        verdict="passed" if known else "undecided",
        sentence=f"Too good to be true? {scores}{end}" if not known else f"{scores}{end}",
    )


def _without(feeds: Feeds, names: Iterable[str]) -> Feeds:
    """Return the same rows with the values of some columns missing."""
    changed = dict(feeds)
    for name in names:
        values = feeds[name]
        if values.dtype.kind == "f":
            changed[name] = np.full_like(values, np.nan)
        elif values.dtype.kind == "O":
            changed[name] = np.full_like(values, "")
        else:
            changed[name], changed[name + MISSING] = np.zeros_like(values), np.ones(len(values), dtype=np.bool_)
    return changed


def _squared_correlation(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    spread = truth - truth.mean(), predicted - predicted.mean()
    size = float((spread[0] ** 2).sum() * (spread[1] ** 2).sum())
    # rounding leaves a constant prediction some spread
    if size == 0 or float(np.abs(spread[1]).max()) < 1e-9 * max(1.0, float(np.abs(predicted).max())):
        return 0.0
    return float((spread[0] * spread[1]).sum()) ** 2 / size
