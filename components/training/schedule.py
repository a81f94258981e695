"""The steps of a network's fit: how many there are, and the learning rate of each."""

from __future__ import annotations

import math
from typing import Final

from sevenfold.training.settings import FitSettings

__all__ = ["WARMUP", "batches", "learning_rate_at"]

WARMUP: Final = 50  # steps
MIN_BATCH: Final = 16
MIN_STEPS: Final = 40  # of an epoch


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


def batches(rows: int, wanted: int) -> tuple[int, int, int]:
    """Return the rows of a batch, the batches of one pass, and the passes of an epoch.

    A batch is at most an eighth of the rows, but 16; an epoch has at least 40 steps, so that a small table is gone
    through several times.

    Args:
        rows: training rows.
        wanted: the plan's `batch_size`.
    """
    size = min(wanted, max(MIN_BATCH, rows // 8))
    steps = math.ceil(rows / size)
    return size, steps, math.ceil(MIN_STEPS / steps)
