"""What a search needs of this machine, asked before any stage has worked for nothing."""

from __future__ import annotations

import importlib.util

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan import Plan
from sevenfold.plan.tuning import TuningEngine

__all__ = ["require_engine"]


def require_engine(plan: Plan, trials: int | None = None) -> None:
    """Refuse a search on Ray that cannot be done from here; Ray is not started.

    Args:
        plan: the plan.
        trials: what is asked for in place of the plan's number; None for that.

    Raises:
        TrainingError: ``no_ray``, ``no_pod``.
    """
    tuning = plan.tuning
    if tuning.engine is not TuningEngine.RAY or not (tuning.trials if trials is None else trials):
        return
    if tuning.ray.cluster.workers:
        from sevenfold.ray.kuberay import require_pod

        require_pod()
    if importlib.util.find_spec("ray") is None:
        raise TrainingError(
            "no_ray",
            "tuning.engine: ray needs Ray and Ray Tune, but they are not installed.",
            remedy="pip install 'sevenfold[ray]'",
        )
