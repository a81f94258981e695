"""Settings whose engine is not built yet: named here, so that a plan asking for one is refused by name."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.plan.monitoring import Trigger
from sevenfold.plan.plan import Plan
from sevenfold.plan.rules import Breach
from sevenfold.plan.training import Framework
from sevenfold.plan.tuning import TuningEngine

__all__ = ["unbuilt"]


def unbuilt(plan: Plan) -> Iterator[Breach]:
    """Yield every setting of the plan that this version cannot carry out."""
    refused: list[tuple[bool, tuple[str, ...], str, str]] = [
        (plan.tuning.engine is TuningEngine.RAY, ("tuning", "engine"), "ray", "Write engine: optuna."),
        (
            plan.training.framework is not Framework.PYTORCH,
            ("training", "framework"),
            plan.training.framework.value,
            "Write framework: pytorch.",
        ),
        (bool(plan.refine.recipe), ("refine", "recipe"), plan.refine.recipe, "Remove it."),
        (
            plan.retrain.trigger is not Trigger.NONE,
            ("retrain", "trigger"),
            plan.retrain.trigger.value,
            "Write trigger: none.",
        ),
    ]
    for asked, key, value, remedy in refused:
        if asked:
            yield key, "this version has no engine for the setting", repr(value), remedy
