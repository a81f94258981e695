"""Choose the threshold of a binary model, on rows that neither fitted it nor test it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.threshold import DEFAULT_THRESHOLD, ThresholdChoice, as_stored
from sevenfold.plan.threshold import ThresholdRule, scoring_rule
from sevenfold.scoring.cuts import Cuts, cost_per_row
from sevenfold.scoring.formulas import Floats
from sevenfold.scoring.scores import predicted_classes, score

__all__ = ["PRIOR", "RARE", "ChosenThreshold", "choose_threshold", "threshold_of"]

By = Literal["plan", "costs", "accuracy", "balanced_accuracy", "f1"]
RARE: Final = 0.2  # positives below this share are found by f1, which looks at them alone
PRIOR: Final = 10  # rows that the model's own probabilities weigh as much as


@dataclass(frozen=True)
class ChosenThreshold:
    """A threshold, why it was chosen, and the cuts of the rows that it was chosen on."""

    value: float
    choice: ThresholdChoice
    cuts: Cuts
    rule: ThresholdRule


def choose_threshold(truth: NDArray[Any], probabilities: NDArray[Any], rule: ThresholdRule) -> ChosenThreshold:
    """Return the threshold that a plan's rule chooses on some rows.

    With few rows the best cut of all is mostly luck. So a row counts as what it is with a weight of the number r of
    rows of the rarer class, and as the probability that the model gives it with a weight of `PRIOR`: from some 100
    such rows on, the rows alone decide; with a handful, the model's probabilities do.

    Args:
        truth: class index `[n]`, 1 for the positive class; rows with a negative one are left out.
        probabilities: of the positive class, `[n]`, float32.
        rule: a number, or what the threshold is chosen by.
    """
    known = truth >= 0
    positive, given = (truth[known] == 1).astype(np.float64), np.asarray(probabilities)[known]
    cuts, by = Cuts.of(given, positive), _chosen_by(rule, positive)
    if rule.value is not None:
        value, sentence = as_stored(rule.value), "The plan names the threshold."
        return ChosenThreshold(value, _choice("plan", sentence, positive), cuts, rule)
    if not len(cuts) or positive.min() == positive.max():
        value = as_stored(DEFAULT_THRESHOLD if rule.costs is None else rule.costs.calibrated_threshold)
        why = "all have the same probability" if not len(cuts) else "all have the same class"
        sentence = f"The {len(positive):,} validation rows allow no choice: {why}."
        return ChosenThreshold(value, _choice(by, sentence, positive), cuts, rule)
    rarer = min(positive.sum(), len(positive) - positive.sum())
    counted = (rarer * positive + PRIOR * given.astype(np.float64)) / (rarer + PRIOR)
    value, kept = _best(Cuts.of(given, counted), by, rule)
    calibrated = _calibrated(by, given, rule)
    reached = _reached(by, positive, given, value, rule)
    sentence = _sentence(by, positive, reached, rule, kept)
    choice = _choice(by, sentence, positive, score=reached, calibrated=calibrated)
    return ChosenThreshold(value, choice, cuts, rule)


def threshold_of(metric: str, truth: NDArray[Any], predicted: NDArray[Any], rule: ThresholdRule | None) -> float:
    """Return the threshold at which a metric is what the plan's model would reach, chosen as `choose_threshold` does.

    Args:
        metric: a name in `plan.metrics.METRICS`.
        truth: class index `[n]`, or values.
        predicted: probabilities `[n, C]`, or values `[n]`.
        rule: how the plan's threshold is chosen; None for 0.5.
    """
    rule = scoring_rule(rule, metric)
    if rule is None or predicted.ndim != 2 or predicted.shape[1] != 2 or not np.isfinite(predicted).all():
        return DEFAULT_THRESHOLD
    return choose_threshold(truth, predicted[:, 1].astype(np.float32), rule).value


def _chosen_by(rule: ThresholdRule, positive: Floats) -> By:
    if rule.by:
        return rule.by
    return "f1" if len(positive) and positive.mean() < RARE else "balanced_accuracy"


def _best(cuts: Cuts, by: str, rule: ThresholdRule) -> tuple[float, bool]:
    """Return the best cut's threshold, and whether it keeps the limits; of equal cuts the middle one is taken."""
    values = cuts.measured(by, rule.costs)
    values = -values if by == "costs" else values
    allowed = np.ones(len(cuts), dtype=bool)
    for metric, limit in rule.least.items():
        allowed &= cuts.measured(metric) >= limit
    if allowed.any():
        values = np.where(allowed, values, -np.inf)
    best = np.flatnonzero(values >= values.max() - 1e-12 * max(1.0, abs(values.max())))
    return cuts.threshold(int(best[(len(best) - 1) // 2])), bool(allowed.any())


def _calibrated(by: By, given: NDArray[Any], rule: ThresholdRule) -> float | None:
    """Return the threshold that is best if the probabilities are exact (Elkan 2001; for f1 Lipton et al. 2014)."""
    if by == "costs":
        return None if rule.costs is None else rule.costs.calibrated_threshold
    if by == "accuracy":
        return DEFAULT_THRESHOLD
    if by == "balanced_accuracy":
        return float(given.astype(np.float64).mean())
    return _best(Cuts.of(given, given.astype(np.float64)), by, ThresholdRule())[0]


def _reached(by: By, positive: Floats, given: NDArray[Any], value: float, rule: ThresholdRule) -> float:
    truth = positive.astype(np.int64)
    if by == "costs" and rule.costs is not None:
        both = np.stack([1 - given, given], axis=1)
        return cost_per_row(rule.costs, truth, predicted_classes(both, threshold=value))
    return score(by, truth, given, threshold=value)


def _sentence(by: By, positive: Floats, reached: float, rule: ThresholdRule, kept: bool) -> str:
    name = "cost per row" if by == "costs" else by
    sentence = (
        f"Chosen by {name} ({reached:.4g}) on {len(positive):,} validation rows, "
        f"{int(positive.sum()):,} of them positive"
    )
    if rule.least:
        limits = " and ".join(f"{metric} ≥ {limit:g}" for metric, limit in rule.least.items())
        sentence += f", among those with {limits}" if kept else f"; none has {limits}"
    return f"{sentence}."


def _choice(by: By, sentence: str, positive: Floats, **numbers: float | None) -> ThresholdChoice:
    return ThresholdChoice(by=by, sentence=sentence, rows=len(positive), positives=int(positive.sum()), **numbers)
