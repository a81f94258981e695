"""Evidence: what a metric is on some rows, how two of them differ, and how many rows would show a difference."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.plan.metrics import DECIDED, higher_is_better
from sevenfold.scoring.scores import score
from sevenfold.testing.bounds import NONE, Estimate, one_sided
from sevenfold.testing.calibration import excess
from sevenfold.testing.influence import influence, rows_of_evidence
from sevenfold.testing.scored_rows import ScoredRows
from sevenfold.testing.sentences import RELATIVE

__all__ = ["difference", "loss", "measured", "on_other_rows", "on_part", "resolution", "rows_to_hold", "rows_to_show"]

Floats = NDArray[np.float64]
POWER: Final = 0.8  # the chance with which as many rows as are named would show it
SHARES: Final = frozenset(
    {"accuracy", "balanced_accuracy", "f1", "precision", "recall", "roc_auc", "average_precision"}
)
MAX_NEEDED: Final = 10**12  # rows; what needs more is out of reach


def measured(metric: str, rows: ScoredRows, *, threshold: float) -> Estimate:
    """Return a metric of some rows with the influence of each; NaN where it is undefined."""
    value = score(metric, rows.truth, rows.predicted, threshold=threshold)
    share, count = metric in SHARES, len(rows)
    if not np.isfinite(value):
        return Estimate(float("nan"), np.full(count, np.nan), 0, share=share, unit=share)
    moved = influence(metric, rows.truth, rows.predicted, threshold=threshold)
    beyond = excess(rows.truth, rows.predicted) if metric == "calibration_error" else (0.0, 0.0)
    evidence = rows_of_evidence(metric, rows.truth)
    return Estimate(
        float(value),
        moved,
        evidence,
        share=share,
        unit=share,
        rest=metric == "r2",
        skewed=metric == "average_precision",
        least=-math.inf if higher_is_better(metric) else 0.0,
        excess=beyond,
    )


def loss(metric: str, candidate: float, reference: float) -> float:
    """Return how much worse the candidate is: in the metric's unit, for rmse and mae as a share of the reference.

    Negative where the candidate is better. A share, because limits are written before the target's unit is known.

    >>> loss("roc_auc", 0.70, 0.72), loss("rmse", 11.0, 10.0)
    (0.02, 0.1)
    """
    gap = reference - candidate if higher_is_better(metric) else candidate - reference
    if metric in RELATIVE:
        gap /= max(abs(reference), float(np.finfo(np.float64).tiny) ** 0.5)
    return round(gap, 12)


def difference(metric: str, candidate: Estimate, reference: Estimate, *, exact: bool = False) -> Estimate:
    """Return the loss of a candidate against a reference on the same rows, so that the noise they share cancels."""
    gap, unit = loss(metric, candidate.value, reference.value), candidate.unit and reference.unit
    least, most = _reach(candidate, reference)
    rows = min(candidate.rows, reference.rows)
    moved = _gap_influence(metric, candidate, reference, candidate.influence, reference.influence)
    return Estimate(gap, moved, rows, unit=unit, exact=exact, least=least, most=most)


def on_other_rows(metric: str, candidate: Estimate, reference: Estimate) -> Estimate:
    """Return the loss between two independent samples of rows, such as test rows against training rows.

    One sample may show no spread where the other does: where a metric counts mistakes, its own doubt is then that of a
    perfect score on so many rows. An area rests on many pairs: that doubt would hold one of 1 where a lower one passes.
    """
    ours, theirs = len(candidate.influence), len(reference.influence)
    both = ours + theirs
    first = np.concatenate([candidate.influence * (both / max(ours, 1)), np.zeros(theirs)])
    second = np.concatenate([np.zeros(ours), reference.influence * (both / max(theirs, 1))])
    moved = _gap_influence(metric, candidate, reference, first, second)
    gap, rows = loss(metric, candidate.value, reference.value), min(candidate.rows, reference.rows)
    unit, (least, most) = candidate.unit and reference.unit, _reach(candidate, reference)
    counted = metric in DECIDED and np.abs(moved).max(initial=0.0) > 0
    unseen = (_flawless(reference), _flawless(candidate)) if counted else (0, 0)
    return Estimate(gap, moved, rows, unit=unit, least=least, most=most, unseen=unseen)


def _reach(candidate: Estimate, reference: Estimate) -> tuple[float, float]:
    """Return the least and the most that a loss can be: two shares are at most 1 apart, and less where one is known."""
    if not (candidate.unit and reference.unit):
        return -math.inf, math.inf
    if 0 < reference.value < 1 and np.abs(reference.influence).max(initial=0.0) < NONE:  # as that of a constant
        return reference.value - 1, reference.value
    return -1.0, 1.0


def _flawless(estimate: Estimate) -> int:
    """Return on how many rows a perfect score rests that no row moves; 0 for any other."""
    perfect = estimate.value == 1 and np.abs(estimate.influence).max(initial=0.0) < NONE
    return estimate.rows if perfect else 0


def on_part(metric: str, part: Estimate, whole: Estimate, rows: NDArray[np.bool_]) -> Estimate:
    """Return the loss of some of the rows (a mask) against all of them."""
    spread = np.zeros(len(rows))
    spread[rows] = part.influence * (len(rows) / max(int(rows.sum()), 1))
    moved = _gap_influence(metric, part, whole, spread, whole.influence)
    return Estimate(loss(metric, part.value, whole.value), moved, part.rows, unit=part.unit and whole.unit)


def resolution(estimate: Estimate, confidence: float) -> float | None:
    """Return the smallest difference that these rows could show: how far the upper bound lies from the value."""
    bounds = None if estimate.exact else one_sided(estimate, confidence)
    return None if bounds is None else float(f"{max(bounds[1] - estimate.value, estimate.value - bounds[0]):.3g}")


def rows_to_hold(estimate: Estimate, margin: float, confidence: float) -> int | None:
    """Return about how many rows would show that an equal model is within the margin, with a chance of 80 %."""
    return rows_to_show(Estimate(0.0, estimate.influence, estimate.rows), -margin, confidence)


def rows_to_show(estimate: Estimate, gap: float, confidence: float) -> int | None:
    """Return about how many rows would show a gap of this size (negative: the good side), with a chance of 80 %.

    The error of a mean falls with the root of the rows. None where the gap lies on the bad side, which more rows of
    the same kind would only confirm, or where it is out of reach.
    """
    if gap >= 0 or not estimate.defined:
        return None
    normal = NormalDist()
    error = float(np.sqrt((estimate.influence**2).mean()))
    needed = (error * (normal.inv_cdf(confidence) + normal.inv_cdf(POWER)) / gap) ** 2
    return _two_digits(needed) if 0 < needed < MAX_NEEDED else None


def _two_digits(rows: float) -> int:
    """Round up to two significant digits, which is all that such a number is worth.

    >>> _two_digits(12_345.6), _two_digits(7.2)
    (13000, 8)
    """
    unit: int = 10 ** max(0, math.floor(math.log10(rows)) - 1)
    return math.ceil(rows / unit) * unit


def _gap_influence(metric: str, candidate: Estimate, reference: Estimate, ours: Floats, theirs: Floats) -> Floats:
    if metric not in RELATIVE:
        return np.asarray(theirs - ours if higher_is_better(metric) else ours - theirs)
    with np.errstate(all="ignore"):
        return np.asarray(ours / reference.value - candidate.value * theirs / reference.value**2)
