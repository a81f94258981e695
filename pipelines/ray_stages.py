"""The stages of a plan that work on Ray, and why only Kubernetes can have a cluster made for one."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.errors import PolicyError
from sevenfold.plan import Plan
from sevenfold.plan.preparation import PreparationEngine
from sevenfold.plan.ray import RayPlace
from sevenfold.plan.tuning import TuningEngine
from sevenfold.ray.use import PREPARATION, TUNING, RayUse

__all__ = ["made_cluster_faults", "stages_on_ray"]


def stages_on_ray(plan: Plan, trials: int | None = None) -> Iterator[tuple[RayUse, RayPlace]]:
    """Yield each stage that works on Ray, and where; a search without trials needs none.

    Args:
        plan: the plan.
        trials: what is asked for in place of the plan's number; None for that.
    """
    if plan.preparation.engine is PreparationEngine.RAY:
        yield PREPARATION, plan.preparation.ray
    if plan.tuning.engine is TuningEngine.RAY and (plan.tuning.trials if trials is None else trials):
        yield TUNING, plan.tuning.ray


def made_cluster_faults(plan: Plan, code: str, machine: str) -> Iterator[PolicyError]:
    """Yield, where there is no Kubernetes, each stage that is to have a cluster made for it.

    Args:
        plan: the plan.
        code: of the errors.
        machine: what the stage's own machine is called there.
    """
    for use, place in stages_on_ray(plan, trials=1):  # a run may ask for trials that the plan does not
        if place.wanted_cluster is not None:
            setting = f"{use.stage}.ray.cluster"
            yield PolicyError(
                code,
                f"KubeRay makes a cluster on Kubernetes alone, but {setting}.workers is set.",
                remedy=f"Remove {setting}: {use.work} then runs on {machine}.",
            )
