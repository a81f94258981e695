"""Section `tuning`: the search for the best training settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.plan.latency import LatencyLimit
from sevenfold.plan.ray import RaySection
from sevenfold.plan.section import Section
from sevenfold.plan.space import Dimension
from sevenfold.plan.warm_start import WarmStart

__all__ = ["Dimension", "LatencyLimit", "Pruner", "RaySection", "Sampler", "TuningEngine", "TuningSection", "WarmStart"]


class TuningEngine(StrEnum):
    """The engine that runs the trials."""

    OPTUNA = "optuna"
    RAY = "ray"


class Sampler(StrEnum):
    """How the next trial is chosen."""

    TPE = "tpe"
    GP = "gp"
    CMAES = "cmaes"
    RANDOM = "random"
    GRID = "grid"


class Pruner(StrEnum):
    """How a hopeless trial is stopped early."""

    MEDIAN = "median"
    ASHA = "asha"
    HYPERBAND = "hyperband"
    NONE = "none"


class TuningSection(Section):
    """Engine, budget, search space."""

    engine: Annotated[TuningEngine, Field(description="Engine that runs the trials: optuna or ray.")] = (
        TuningEngine.OPTUNA
    )
    processes: Annotated[
        int,
        Field(
            description="Processes of the machine that try trials at the same time, with engine: optuna. With more "
            "than 1 a trial is chosen without the scores of those that run, so the study depends on which ends first.",
            ge=1,
            le=64,
        ),
    ] = 1
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
            description="How the next trial is chosen: tpe, gp (a Gaussian process, for few, expensive trials), cmaes "
            "(for many trials of numbers), random, or grid (every combination once, in random order)."
        ),
    ] = Sampler.TPE
    pruner: Annotated[
        Pruner, Field(description="How a hopeless trial is stopped early: median, asha, hyperband or none.")
    ] = Pruner.MEDIAN
    latency: Annotated[
        LatencyLimit, Field(description="A limit on the time of a prediction; it makes latency a second objective.")
    ] = LatencyLimit()
    seed: Annotated[int, Field(description="Seed of the sampler.", ge=0)] = 7
    warm_start: Annotated[
        WarmStart, Field(description="Settings that are tried first, such as the best of an earlier study.")
    ] = WarmStart()
    space: Annotated[
        dict[str, Dimension],
        Field(
            description="Training settings to search; empty takes the model's own space. "
            "With model: auto a name begins with the kind, as in trees.learning_rate."
        ),
    ] = {}
