"""What Ray, or a fit in pods, needs of this machine, asked before any stage has worked for nothing."""

from __future__ import annotations

import importlib.util

from sevenfold.pipelines.ray_stages import stages_on_ray
from sevenfold.plan import Plan
from sevenfold.ray.use import RayUse

__all__ = ["require_engine", "require_fit"]


def require_engine(plan: Plan, trials: int | None = None) -> None:
    """Refuse preparation or a search on Ray that cannot be done from here; Ray is not started.

    Args:
        plan: the plan.
        trials: what is asked for in place of the plan's number; None for that.

    Raises:
        SevenfoldError: ``no_ray``, ``no_pod``; for a search a TrainingError.
    """
    for use, place in stages_on_ray(plan, trials):
        if place.wanted_cluster is not None:
            from sevenfold.cluster.own_pod import require_pod
            from sevenfold.ray.kuberay import asking_for

            require_pod(asking_for(use))
        _require_ray(use)


def _require_ray(use: RayUse) -> None:
    if importlib.util.find_spec("ray") is None:
        raise use.error(
            "no_ray",
            f"{use.stage}.engine: ray needs Ray and {use.library}, but they are not installed.",
            remedy="pip install 'sevenfold[ray]'",
        )


def require_fit(plan: Plan) -> None:
    """Refuse a fit in the pods of a TrainJob, which only a pod of Kubeflow can ask for.

    Raises:
        TrainingError: ``no_pod``.
    """
    if plan.training.trainjob.nodes:
        from sevenfold.cluster.own_pod import require_pod
        from sevenfold.training.pytorch.trainjob import ASKING

        require_pod(ASKING)
