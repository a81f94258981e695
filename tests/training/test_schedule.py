"""The learning rate is that of torch's own schedules."""

from __future__ import annotations

import pytest
import torch

from sevenfold.training.schedule import WARMUP, learning_rate_at
from sevenfold.training.settings import FitSettings

STEPS = 400


def torchs(schedule: str) -> list[float]:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.02)
    shape = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS) if schedule == "cosine" else None
    rates = []
    for _ in range(STEPS):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if shape:
            shape.step()
    return rates


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_after_the_warm_up_it_is_torchs(schedule: str) -> None:
    settings, expected = FitSettings(learning_rate=0.02, schedule=schedule), torchs(schedule)
    rates = [learning_rate_at(step, STEPS, settings) for step in range(1, STEPS + 1)]
    assert rates[WARMUP - 1 :] == pytest.approx(expected[WARMUP - 1 :], rel=1e-9)
    warming = [rate * step / WARMUP for step, rate in enumerate(expected[:WARMUP], start=1)]
    assert rates[:WARMUP] == pytest.approx(warming, rel=1e-9)


def test_beyond_the_last_step_it_stays_at_the_end() -> None:
    assert learning_rate_at(STEPS + 9, STEPS, FitSettings(schedule="cosine")) == 0.0
