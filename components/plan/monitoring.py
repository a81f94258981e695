"""Sections `monitoring` and `retrain`: windows and limits of drift, and what starts a retraining."""

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
    """Address of Prometheus, windows, limits and features."""

    prometheus: Annotated[
        str, Field(description="Address of Prometheus as a pod reaches it; a local run does not use it.")
    ] = "http://prometheus.sevenfold-monitoring.svc:9090"
    replay: Annotated[
        Replay,
        Field(description="Rows that a local run replays as traffic: none, test, or later (after the test period)."),
    ] = Replay.TEST
    window: Annotated[
        str,
        Field(
            description="Length of a replayed window on the time column, such as 1d, 1w or 1mo; ignored for test rows.",
            pattern=r"^\d+(d|w|mo)$",
        ),
    ] = "1mo"
    window_minutes: Annotated[int, Field(description="Length of a window of live traffic, in minutes.", ge=1)] = 60
    max_features: Annotated[int, Field(description="Largest number of features that are watched.", ge=1, le=50)] = 50
    min_rows: Annotated[int, Field(description="Number of rows that a window needs for a verdict.", ge=1)] = 200
    psi: Annotated[
        float,
        Field(
            description="Population stability index that counts as drift, its expectation without drift subtracted.",
            gt=0,
        ),
    ] = 0.1
    share: Annotated[Fraction, Field(description="Change of one bin's share that counts as drift.")] = 0.05
    significance: Annotated[
        float,
        Field(description="Level of the chi-squared test; it is divided by the number of features.", gt=0, lt=1),
    ] = 0.0005
    windows: Annotated[int, Field(description="Number of consecutive windows that an alarm considers.", ge=1)] = 3
    windows_drifted: Annotated[
        int, Field(description="Number of these windows that must drift to raise an alarm.", ge=1)
    ] = 2
    feedback_hours: Annotated[
        int, Field(description="Length of the window of labels that were fed back, in hours.", ge=1, le=720)
    ] = 24
    feedback_loss: Annotated[
        Fraction,
        Field(
            description="Loss of accuracy against the validation rows that counts as concept drift; of a regression, "
            "the growth of its RMSE as a share."
        ),
    ] = 0.05
    subtle: Annotated[
        bool,
        Field(
            description="Whether rows are compared as a whole, too: a classifier tells a window's from training rows, "
            "and accuracy is estimated without labels."
        ),
    ] = False
    separation: Annotated[
        float,
        Field(
            description="ROC AUC of that classifier that counts as drift, or as large an index; 0.5 is chance.",
            gt=0.5,
            le=1,
        ),
    ] = 0.55


class Trigger(StrEnum):
    """What starts a retraining."""

    NONE = "none"
    DRIFT = "drift"
    SCHEDULE = "schedule"


class RetrainSection(Section):
    """The loop back to training."""

    trigger: Annotated[Trigger, Field(description="What starts a retraining: none, drift or schedule.")] = Trigger.NONE
    schedule: Annotated[
        str,
        Field(
            description="Cron expression of the retrainings in UTC, for trigger schedule: minute, hour, day, month, "
            'weekday, such as "30 2 * * 1".'
        ),
    ] = ""
    every_hours: Annotated[
        float | None, Field(description="Hours from one retraining to the next, for trigger schedule.", ge=1 / 60)
    ] = None
    cooldown_hours: Annotated[float, Field(description="Shortest time between two retrainings, in hours.", gt=0)] = 24.0
    max_runs_per_day: Annotated[
        int, Field(description="Largest number of retrainings in 24 hours; then a person is called.", ge=1)
    ] = 2
    data: Annotated[
        str,
        Field(
            description="New rows with a target: a pattern of files, such as new/*.csv, of which each is one window; "
            "on a cluster an address. Empty reads data.source anew, on a cluster only."
        ),
    ] = ""
    min_rows: Annotated[int, Field(description="Number of new rows with a target that a retraining needs.", ge=1)] = 500
    keep_rows: Annotated[
        bool, Field(description="Whether to train on the plan's own table too, beside the new rows.")
    ] = True
    max_forgetting: Annotated[
        Fraction,
        Field(
            description="Largest loss of the main metric against the serving model on that model's own test rows, for "
            "rmse and mae as a share."
        ),
    ] = 0.02
