"""What Ray, or a fit in pods, needs of this machine, asked before any stage has worked for nothing."""

from __future__ import annotations

import importlib.util

from sevenfold.plan import Plan
from sevenfold.plan.preparation import PreparationEngine
from sevenfold.plan.tuning import TuningEngine
from sevenfold.ray.use import PREPARATION, TUNING, RayUse

__all__ = ["require_engine", "require_fit"]


def require_engine(plan: Plan, trials: int | None = None) -> None:
    """Refuse preparation or a search on Ray that cannot be done from here; Ray is not started.

    Args:
        plan: the plan.
        trials: what is asked for in place of the plan's number; None for that.

    Raises:
        SevenfoldError: ``no_ray``.
        TrainingError: ``no_ray``, ``no_pod``.
    """
    if plan.preparation.engine is PreparationEngine.RAY:
        _require_ray(PREPARATION)
    tuning = plan.tuning
    if tuning.engine is not TuningEngine.RAY or not (tuning.trials if trials is None else trials):
        return
    if tuning.ray.cluster.workers:
        from sevenfold.cluster.own_pod import require_pod
        from sevenfold.ray.kuberay import ASKING

        require_pod(ASKING)
    _require_ray(TUNING)


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
