"""Sections `monitoring` and `retrain`: what is watched, and what happens when it moves."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Fraction, Section

__all__ = ["MonitoringSection", "Replay", "RetrainSection", "Trigger"]


class Replay(StrEnum):
    """Which rows a local run sends through the predictor as production traffic."""

    NONE = "none"
    TEST = "test"
    LATER = "later"


class MonitoringSection(Section):
    """Where the counters are, windows, limits, features."""

    prometheus: Annotated[
        str, Field(description="Address of Prometheus as a pod reaches it; a local run does not ask it.")
    ] = "http://prometheus.sevenfold-monitoring.svc:9090"
    replay: Annotated[
        Replay,
        Field(description="Rows a local run replays as traffic: none, test, or later (those after the test period)."),
    ] = Replay.TEST
    window: Annotated[
        str,
        Field(
            description="Length of a replayed window: 1d, 1w or 1mo of the time column; ignored for test.",
            pattern=r"^\d+(d|w|mo)$",
        ),
    ] = "1mo"
    window_minutes: Annotated[int, Field(description="Length of a live window, minutes.", ge=1)] = 60
    max_features: Annotated[int, Field(description="Most features watched, the most important first.", ge=1, le=50)] = (
        50
    )
    min_rows: Annotated[int, Field(description="Fewer rows in a window give no verdict.", ge=1)] = 200
    psi: Annotated[
        float,
        Field(
            description="Population stability index, no-drift expectation taken off, that counts as drift.",
            gt=0,
        ),
    ] = 0.1
    share: Annotated[Fraction, Field(description="Move of one bin's share that counts as drift.")] = 0.05
    significance: Annotated[
        float,
        Field(description="Level of the chi-squared test, divided by the number of features.", gt=0, lt=1),
    ] = 0.01
    windows: Annotated[int, Field(description="Of this many windows …", ge=1)] = 3
    windows_drifted: Annotated[int, Field(description="… this many must drift.", ge=1)] = 2


class Trigger(StrEnum):
    """What starts a retraining."""

    NONE = "none"
    DRIFT = "drift"
    SCHEDULE = "schedule"


class RetrainSection(Section):
    """The loop back to training."""

    trigger: Annotated[Trigger, Field(description="none, drift or schedule.")] = Trigger.NONE
    schedule: Annotated[str, Field(description="Cron expression, for trigger schedule.")] = ""
    cooldown_hours: Annotated[float, Field(description="Shortest time between two runs.", gt=0)] = 24.0
    max_runs_per_day: Annotated[int, Field(description="Most runs a day.", ge=1)] = 2
