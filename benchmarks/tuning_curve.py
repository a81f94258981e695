"""A search space, and the loss of a network that was never trained: what the benchmark of tuning searches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sevenfold.plan.tuning import Dimension

__all__ = ["KNOWN", "SPACE", "curve"]

SPACE = {
    "rate": Dimension(low=1e-4, high=1e-1, log=True),
    "decay": Dimension(low=1e-4, high=1.0, log=True),
    "dropout": Dimension(low=0.0, high=0.5),
    "depth": Dimension(low=1, high=4, integer=True),
    "width": Dimension(choices=(64, 128, 256)),
    "batch": Dimension(choices=(256, 1024)),
}
KNOWN = {"rate": 2e-3, "decay": 0.03, "dropout": 0.2, "depth": 2, "width": 128, "batch": 1024}
WIDTH_LOSS = {64: 0.02, 128: 0.0, 256: 0.01}


def curve(settings: Mapping[str, Any]) -> list[float]:
    """Return the loss after each of six epochs, smallest near `KNOWN`.

    A parabola in the logarithm of the rate and the decay and in the dropout, a step for depth and width, and a part
    that falls with the epochs.
    """
    final = 0.05 * (math.log10(settings["rate"]) + 2.5) ** 2
    final += 0.02 * (math.log10(settings["decay"]) + 1) ** 2
    final += 0.3 * (settings["dropout"] - 0.2) ** 2
    final += 0.01 * abs(settings["depth"] - 2)
    final += WIDTH_LOSS[settings["width"]]
    return [0.5 + final + 0.2 / epoch for epoch in range(1, 7)]
