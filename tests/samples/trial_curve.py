"""An objective that can be sent to another process, which it may kill."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.study import OnEpoch, Outcome

SPACE = {"rate": Dimension(low=1e-4, high=1e-1, log=True), "width": Dimension(low=8, high=64, integer=True)}


@dataclass(frozen=True)
class Curve:
    """A loss that is lowest at rate 0.01; what is pickled for the processes.

    `folder` gets a file for each trial that began, named by its process and width. A trial whose width is a
    multiple of `kills` kills its process, the first time or always; one of `fails` raises, one of `nan` has no score.
    """

    folder: str
    kills: int = 0
    always: bool = False
    fails: int = 0
    nan: int = 0

    def __call__(self, settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome:
        width, begun = settings["width"], Path(self.folder)
        first = not list(begun.glob(f"*-{width}"))
        (begun / f"{os.getpid()}-{width}").touch()
        final = (math.log10(settings["rate"]) + 2) ** 2
        for epoch in range(1, 4):
            if not on_epoch(epoch, final + 1 / epoch):
                break
            if epoch == 2 and self.kills and width % self.kills == 0 and (first or self.always):
                os.kill(os.getpid(), signal.SIGKILL)
        if self.fails and width % self.fails == 0:
            raise RuntimeError("no room")
        if self.nan and width % self.nan == 0:
            return Outcome(math.nan)
        return Outcome(final, lambda: np.array([final]))
