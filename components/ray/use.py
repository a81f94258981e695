"""Who asks for Ray, as errors name it."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.contracts.errors import SevenfoldError, TrainingError

__all__ = ["PREPARATION", "TUNING", "RayUse"]


@dataclass(frozen=True)
class RayUse:
    """A stage that works on Ray.

    Args:
        stage: its section of the plan, which has `engine` and `ray`.
        work: what it does there, as a noun with its article.
        library: the part of Ray that it takes.
        module: of that part.
        other: the line of a plan that does without Ray.
        error: what is raised where Ray is not to be had.
    """

    stage: str
    work: str
    library: str
    module: str
    other: str
    error: type[SevenfoldError]


TUNING = RayUse("tuning", "a search", "Ray Tune", "ray.tune", "tuning.engine: optuna", TrainingError)
PREPARATION = RayUse(
    "preparation", "preparation", "Ray Data", "ray.data", "preparation.engine: process", SevenfoldError
)
