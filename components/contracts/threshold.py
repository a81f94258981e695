"""The decision threshold of a binary model, and how it was chosen: part of a bundle."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

__all__ = ["DEFAULT_THRESHOLD", "ThresholdChoice", "as_stored"]

DEFAULT_THRESHOLD: Final = 0.5


class ThresholdChoice(BaseModel):
    """Why a bundle's threshold is what it is; all numbers are of the validation rows.

    `by` is what was optimised, or plan where the plan names the number. `score` is that metric at the threshold, for
    costs the cost per row; None for a number of the plan, and where the rows allow no choice. `calibrated` is the
    threshold that would be best if the model's probabilities were exact.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    by: Literal["plan", "costs", "accuracy", "balanced_accuracy", "f1"]
    sentence: str
    score: float | None = None
    calibrated: float | None = None
    rows: int = 0
    positives: int = 0


def as_stored(threshold: float) -> float:
    """Return the float32 next to a threshold, as a float.

    Probabilities are float32, so with such a threshold a reader that compares in 64 bits decides as one in 32 does.

    >>> as_stored(0.5), as_stored(0.3)
    (0.5, 0.30000001192092896)
    """
    return float(np.float32(threshold))
