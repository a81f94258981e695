"""Gates on what a classifier decides: that it does not say the same of every row, and what its decisions cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import GateResult, Interval, Verdict
from sevenfold.plan.costs import Costs
from sevenfold.plan.testing import TestingSection
from sevenfold.scoring.cuts import row_costs
from sevenfold.testing.bounds import Estimate, one_sided
from sevenfold.testing.evidence import resolution, rows_to_show
from sevenfold.testing.sentences import CONSTANTS, format_bounds, format_score, undecided_end

__all__ = ["cheaper", "costs_per_row", "several_classes"]

PREDICTS: Final = {"always_no": 0, "always_yes": 1}  # the class of each constant decision


def several_classes(
    truth: NDArray[Any], predicted: NDArray[Any], classes: Sequence[str], metric: str, threshold: float | None
) -> GateResult:
    """Refuse a model that predicts the same class for all rows, although they have several.

    No interval is needed: whatever its other scores, such a model decides nothing.

    Args:
        truth: class index `[n]`.
        predicted: predicted class index `[n]`.
        classes: names, as they may be shown.
        metric: the main metric.
        threshold: of a binary model, else None.
    """
    seen, said = np.unique(truth), np.unique(predicted)
    verdict: Verdict
    at = "" if threshold is None else f" at the threshold {threshold:.4g}"
    if len(seen) < 2:
        verdict, sentence = "not_judged", "The test rows hold one class only."
    elif len(said) == 1:
        others = [str(classes[index]) for index in seen if index != said[0]]
        count = int((truth != said[0]).sum())
        named = f"{others[0]!r}" if len(others) == 1 else f"another of {len(seen)} classes"
        verdict = "refused"
        sentence = (
            f"The model predicts {classes[said[0]]!r} for all {len(truth):,} test rows{at}, "
            f"although {count:,} of them {'is' if count == 1 else 'are'} {named}."
        )
    else:
        verdict = "passed"
        sentence = f"The model predicts {len(said)} of {len(classes)} classes on the test rows{at}."
    return GateResult(
        kind="classes",
        name="more than one class predicted",
        metric=metric,
        value=float(len(said)),
        limit=2.0,
        verdict=verdict,
        sentence=sentence,
    )


def costs_per_row(costs: Costs, truth: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return the mean cost of the model's decisions, and of those that need no model."""
    decided = {"model": predicted, **{name: np.full(len(truth), index) for name, index in PREDICTS.items()}}
    return {name: round(float(row_costs(costs, truth, said).mean()), 12) for name, said in decided.items()}


def cheaper(costs: Costs, truth: NDArray[Any], predicted: NDArray[Any], section: TestingSection) -> GateResult:
    """Judge whether the decisions are shown to cost less than always yes and than always no.

    The value is the mean over the test rows of what the model's decision costs more than a constant one, a mean of
    losses. The constant is the cheaper one on these rows. Chance may have made it so: where the decisions are shown to
    cost less than this one, but not less than the other, the other is the constant, and the gate is undecided.
    """
    mean = costs_per_row(costs, truth, predicted)
    constant, gap, bounds = _against(costs, truth, predicted, mean, section.confidence)
    verdict: Verdict = "undecided"
    if bounds is not None and (bounds[0] > 0 or bounds[1] < 0):
        verdict = "refused" if bounds[0] > 0 else "passed"
    needed = rows_to_show(gap, gap.value, section.confidence) if verdict == "undecided" and bounds else None
    sentence = (
        f"A decision costs {format_score(mean['model'])} per row, "
        f"{CONSTANTS[constant]} costs {format_score(mean[constant])}: "
        f"{_difference(gap.value)}{format_bounds(bounds, section.confidence) if bounds else ''}"
    )
    return GateResult(
        kind="cost",
        name="cheaper than the best constant decision",
        metric="cost_per_row",
        value=round(gap.value, 12),
        limit=0.0,
        interval=bounds,
        verdict=verdict,
        sentence=f"{sentence}{undecided_end(verdict, needed)}",
        resolves=resolution(gap, section.confidence) if bounds else None,
        rows_needed=needed,
    )


def _against(
    costs: Costs, truth: NDArray[Any], predicted: NDArray[Any], mean: dict[str, float], confidence: float
) -> tuple[str, Estimate, Interval | None]:
    """Return the constant to judge by, what a decision costs more than it, and the bounds of that."""
    judged = []
    for name in sorted(PREDICTS, key=lambda name: mean[name]):
        more = row_costs(costs, truth, predicted) - row_costs(costs, truth, np.full(len(truth), PREDICTS[name]))
        gap = Estimate(float(more.mean()), more - more.mean(), len(more))
        judged.append((name, gap, one_sided(gap, confidence)))
    cheaper_one, other = judged
    shown = [bounds is not None and bounds[1] < 0 for _, _, bounds in judged]
    return other if shown[0] and not shown[1] else cheaper_one


def _difference(gap: float) -> str:
    return "the same" if gap == 0 else f"{format_score(abs(gap))} {'more' if gap > 0 else 'less'}"
