from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.study import Objective, OnEpoch

EPOCHS = 6


@pytest.fixture
def space() -> dict[str, Dimension]:
    return {
        "rate": Dimension(low=1e-4, high=1e-1, log=True),
        "width": Dimension(low=8, high=64, integer=True, log=True),
        "activation": Dimension(choices=("relu", "gelu")),
    }


@pytest.fixture
def objective() -> Objective:
    """A loss with one minimum at rate 0.01 that falls towards its value over the epochs."""
    import math

    def tried(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        final = (math.log10(settings["rate"]) + 2) ** 2 + (0.1 if settings["activation"] == "relu" else 0.0)
        score = final + 1
        for epoch in range(1, EPOCHS + 1):
            score = final + 1 / (epoch + 1)
            if not on_epoch(epoch, score):
                break
        return score

    return tried
