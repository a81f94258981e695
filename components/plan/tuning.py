"""Section `tuning`: the search for the best training settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from sevenfold.plan.ray import RaySection
from sevenfold.plan.section import Section

__all__ = ["Dimension", "Pruner", "RaySection", "Sampler", "TuningEngine", "TuningSection"]


class TuningEngine(StrEnum):
    """The engine that runs the trials."""

    OPTUNA = "optuna"
    RAY = "ray"


class Sampler(StrEnum):
    """How the next trial is chosen."""

    TPE = "tpe"
    GP = "gp"
    RANDOM = "random"


class Pruner(StrEnum):
    """How a hopeless trial is stopped early."""

    MEDIAN = "median"
    ASHA = "asha"
    HYPERBAND = "hyperband"
    NONE = "none"


class Dimension(Section):
    """One setting to search: either `choices`, or `low` and `high`."""

    low: Annotated[float | None, Field(description="Smallest value of the range.")] = None
    high: Annotated[float | None, Field(description="Largest value of the range.")] = None
    log: Annotated[bool, Field(description="Whether to search on a logarithmic scale.")] = False
    integer: Annotated[bool, Field(description="Whether to take whole numbers only.")] = False
    choices: Annotated[tuple[Any, ...] | None, Field(description="The values to choose from.")] = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ranged = self.low is not None and self.high is not None
        if ranged == (self.choices is not None):
            raise ValueError("give either `choices`, or `low` and `high`")
        if self.choices is not None and len(self.choices) == 0:
            raise ValueError("`choices` must not be empty")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError("`low < high` must hold")
        if self.log and self.low is not None and self.low <= 0:
            raise ValueError("`low > 0` must hold when `log` is set")
        return self


class TuningSection(Section):
    """Engine, budget, search space."""

    engine: Annotated[TuningEngine, Field(description="Engine that runs the trials: optuna or ray.")] = (
        TuningEngine.OPTUNA
    )
    ray: Annotated[RaySection, Field(description="Where Ray runs, for engine: ray.")] = RaySection()
    trials: Annotated[
        int,
        Field(description="Number of trials; 0 skips the search and takes the plan's settings.", ge=0, le=10_000),
    ] = 12
    timeout_seconds: Annotated[
        int,
        Field(
            description="Time in seconds after which no trial starts; 0 for no limit, which equal digests need.",
            ge=0,
        ),
    ] = 0
    max_epochs: Annotated[int, Field(description="Largest number of epochs of one trial.", ge=1)] = 6
    row_fraction: Annotated[
        float, Field(description="Share of the training rows that trials are fitted on.", gt=0, le=1)
    ] = 1.0
    sampler: Annotated[
        Sampler,
        Field(
            description="How the next trial is chosen: tpe, gp (a Gaussian process, for few and dear trials) or random."
        ),
    ] = Sampler.TPE
    pruner: Annotated[
        Pruner, Field(description="How a hopeless trial is stopped early: median, asha, hyperband or none.")
    ] = Pruner.MEDIAN
    seed: Annotated[int, Field(description="Seed of the sampler.", ge=0)] = 7
    space: Annotated[
        dict[str, Dimension],
        Field(
            description="Training settings to search; empty takes the model's own space. "
            "With model: auto a name begins with the kind, as in trees.learning_rate."
        ),
    ] = {}
