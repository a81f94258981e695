"""Concept drift: whether the labels that came back show the model to be worse than it was on its validation rows.

A window needs `min_rows` scored rows. It drifted where the loss is large enough to matter (`feedback_loss`) and too
large for chance. Chance is judged by z, about normal where nothing changed:

classification  the signed root of the likelihood ratio of two shares of wrong rows, which holds for few wrong rows too
                (Wilks, *The large-sample distribution of the likelihood ratio*, 1938)
regression      the difference of the mean squared errors by its standard error, the window's own spread standing for
                both: the bundle does not hold the other

The limit of z holds for a whole week of a window that slides: see `sliding_limit`. `drift.concept_rules` is the same
formula for Prometheus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.plan.monitoring import MonitoringSection

__all__ = [
    "FALSE_ALARMS",
    "SMALLEST",
    "ConceptVerdict",
    "Labelled",
    "ReferenceScore",
    "binned_auc",
    "binned_ovr_auc",
    "concept_verdict",
    "sliding_limit",
]

WEEK_HOURS: Final = 168
FALSE_ALARMS: Final = 0.01  # of a model that did not change, per week
SMALLEST: Final = 1e-9  # rows: stands for none in a logarithm


@dataclass(frozen=True)
class Labelled:
    """What the rows of a window show whose labels came back: `correct` rows, or sums of powers of the errors."""

    rows: float
    correct: float | None = None
    squared: float | None = None
    fourth: float | None = None


@dataclass(frozen=True)
class ReferenceScore:
    """The model's accuracy, or its RMSE, on its validation rows."""

    score: float
    rows: float


@dataclass(frozen=True)
class ConceptVerdict:
    """The window's accuracy or RMSE, its loss, its z; `drifted` is None where the window says nothing."""

    score: float
    loss: float
    z: float
    drifted: bool | None


def concept_verdict(window: Labelled, reference: ReferenceScore, section: MonitoringSection) -> ConceptVerdict:
    """Compare the labels of a window with the validation rows; NaN and None where that is not defined.

    >>> concept_verdict(Labelled(1_000, correct=800), ReferenceScore(0.9, 2_000), MonitoringSection()).drifted
    True
    """
    if window.rows <= 0 or reference.rows <= 0:
        return ConceptVerdict(math.nan, math.nan, math.nan, None)
    if window.correct is not None:
        score = window.correct / window.rows
        loss, z = reference.score - score, _shares(window.rows - window.correct, window.rows, reference)
    elif window.squared is not None and window.fourth is not None:
        score = math.sqrt(window.squared / window.rows)
        loss, z = _growth(score, reference.score), _squares(window.squared, window.fourth, window.rows, reference)
    else:
        raise ValueError("a window has its correct rows, or the sums of its squared and fourth powers")
    limit = sliding_limit(FALSE_ALARMS, section.feedback_hours)
    known = window.rows >= section.min_rows and not math.isnan(z) and not math.isnan(loss)
    return ConceptVerdict(score, loss, z, bool(z > limit and loss >= section.feedback_loss) if known else None)


@cache
def sliding_limit(level: float, hours: float) -> float:
    """Return the limit that z of a sliding window passes within a week with probability `level` where nothing changed.

    Windows that overlap are correlated by their overlap, so z passes b at a rate of b times its density at b, per
    length of the window (Aldous, *Probability Approximations via the Poisson Clumping Heuristic*, 1989, C23), or begins
    above it. The reference, which all windows share, makes it rarer.

    >>> sliding_limit(0.01, 24)
    3.73
    """
    normal, windows = NormalDist(), WEEK_HOURS / hours

    def passed(limit: float) -> float:
        return windows * limit * normal.pdf(limit) + 1 - normal.cdf(limit)

    low, high = 1.0, 10.0  # it falls from 1 on
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if passed(middle) > level else (low, middle)
    return round(high, 3)


def binned_auc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve from counts per bin of the probability, ascending; NaN for one class alone.

    Two rows of one bin count as a tie, so the exact area is at most half of the share of such pairs away.
    """
    pairs = float(positives.sum() * negatives.sum())
    below = np.cumsum(negatives) - negatives / 2
    return float((positives * below).sum()) / pairs if pairs > 0 else math.nan


def binned_ovr_auc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """Return the mean `binned_auc` of several classes, each against all others, from counts ``[classes, bins]``.

    Every class weighs the same (scikit-learn's ``roc_auc_score(multi_class="ovr", average="macro")``); a class without
    rows, or without rows of others, has no area and is left out. NaN where none has one.
    """
    areas = [binned_auc(*sides) for sides in zip(positives, negatives, strict=True)]
    known = [area for area in areas if not math.isnan(area)]
    return sum(known) / len(known) if known else math.nan


def _growth(score: float, reference: float) -> float:
    return score / reference - 1 if reference > 0 else math.nan


def _shares(wrong: float, rows: float, reference: ReferenceScore) -> float:
    before = (1 - reference.score) * reference.rows
    share = (wrong + before) / (rows + reference.rows)
    total = (
        _term(wrong, rows * share)
        + _term(rows - wrong, rows * (1 - share))
        + _term(before, reference.rows * share)
        + _term(reference.rows - before, reference.rows * (1 - share))
    )
    return math.copysign(math.sqrt(2 * max(total, 0.0)), wrong / rows - (1 - reference.score))


def _term(seen: float, expected: float) -> float:
    seen, expected = max(seen, SMALLEST), max(expected, SMALLEST)
    return seen * math.log(seen / expected)


def _squares(squared: float, fourth: float, rows: float, reference: ReferenceScore) -> float:
    mean = squared / rows
    variance = max(fourth / rows - mean**2, 0.0) * (1 / rows + 1 / reference.rows)
    gap = mean - reference.score**2
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap) if gap else math.nan
