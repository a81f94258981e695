"""The learning rate of every step of a fit."""

from __future__ import annotations

import math
from typing import Final

from sevenfold.training.settings import FitSettings

__all__ = ["WARMUP", "learning_rate_at"]

WARMUP: Final = 50  # steps


def learning_rate_at(step: int, steps: int, settings: FitSettings) -> float:
    """Return the learning rate of a step.

    It grows evenly over the first 50 steps. Then it stays (``constant``), or falls to 0 along half a cosine of all
    steps (``cosine``; Loshchilov & Hutter 2017, without restarts).

    Args:
        step: from 1.
        steps: of all epochs that the fit may have.
        settings: learning rate and schedule.
    """
    rate = settings.learning_rate * min(step, WARMUP) / WARMUP
    if settings.schedule == "constant":
        return rate
    return rate * (1 + math.cos(math.pi * min(1.0, (step - 1) / steps))) / 2
