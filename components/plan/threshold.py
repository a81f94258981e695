"""What the threshold of a binary model is chosen by: the part of testing that training needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from sevenfold.contracts.schema import Task
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.plan.costs import Costs
from sevenfold.plan.metrics import DECIDED
from sevenfold.plan.section import Section
from sevenfold.plan.testing import Gate, TestingSection

__all__ = ["CHOOSING", "Chooser", "ThresholdRule", "scoring_rule", "threshold_rule"]

Chooser = Literal["costs", "accuracy", "balanced_accuracy", "f1", ""]
CHOOSING: Final[tuple[Chooser, ...]] = ("f1", "balanced_accuracy", "accuracy")  # metrics with a best threshold
LIMITED: Final = ("recall", "precision")  # each is best at an end: alone, it chooses nothing


class ThresholdRule(Section):
    """What training needs to know to choose the threshold of a binary model.

    `value` is a number of the plan, else None. `by` is what is optimised on the validation rows; "" leaves it to the
    share of positives. `least` holds limits of gates on recall and precision, which a chosen threshold keeps if any
    does.
    """

    value: float | None = None
    by: Chooser = ""
    costs: Costs | None = None
    least: dict[str, float] = {}


def threshold_rule(testing: TestingSection, task: Task) -> ThresholdRule | None:
    """Return how the threshold of a plan's model is chosen; None for a task without one.

    With `threshold: auto`: by the costs; else by the first gate on f1, balanced_accuracy or accuracy; else by f1 where
    gates limit recall or precision; else by the main metric if it is one of these; else by the share of positives.
    """
    if task is not Task.BINARY:
        return None
    threshold = testing.threshold
    if threshold is None:
        threshold = DEFAULT_THRESHOLD if testing.costs is None else "auto"
    if threshold != "auto":
        return ThresholdRule(value=float(threshold))
    if testing.costs is not None:
        return ThresholdRule(by="costs", costs=testing.costs)
    least = {name: limit for name in LIMITED if (limit := _limit(testing.gates, name)) is not None}
    named = [gate.metric for gate in testing.gates]
    chosen = next((by for name in (*named, testing.metric) for by in CHOOSING if by == name), "")
    return ThresholdRule(by=chosen or ("f1" if least else ""), least=least)


def scoring_rule(rule: ThresholdRule | None, metric: str) -> ThresholdRule | None:
    """Return the rule by which fits are scored by `metric`; None where the rows are cut at 0.5, or not at all."""
    return None if metric not in DECIDED or rule == ThresholdRule(value=DEFAULT_THRESHOLD) else rule


def _limit(gates: Sequence[Gate], metric: str) -> float | None:
    return max((gate.at_least for gate in gates if gate.metric == metric and gate.at_least is not None), default=None)
