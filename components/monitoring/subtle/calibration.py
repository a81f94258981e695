"""Calibration: what a model's confidence was worth on labelled rows, as a curve of two numbers.

Platt's curve: the chance of being right is the logistic function of a straight line over the log odds that the model
gives. The rows' labels are smoothed a little, so that rows without an error still give a finite curve. Platt,
*Probabilistic outputs for support vector machines*, 1999.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "calibrate", "log_odds", "logistic"]

Floats = NDArray[np.float64]
EDGE: Final = 1e-6  # closest that a probability comes to 0 and 1
STEPS: Final = 50
RIDGE: Final = 1e-6
TINY: Final = 1e-10


@dataclass(frozen=True)
class Calibration:
    """The line over the log odds: intercept and slope ``[2]``, and how sure they are: their covariance ``[2, 2]``."""

    line: Floats
    covariance: Floats

    def drawn(self, rng: np.random.Generator, times: int) -> Floats:
        """Return lines as other labelled rows would have given them, ``[times, 2]``."""
        lines: Floats = rng.multivariate_normal(self.line, self.covariance, times)
        return lines


def calibrate(probabilities: Floats, happened: NDArray[np.bool_]) -> Calibration:
    """Fit the line to labelled rows, by Newton's method.

    Args:
        probabilities: that the model gave an event, ``[n]``.
        happened: whether it came true, ``[n]``.
    """
    odds = log_odds(probabilities)
    design = np.column_stack([np.ones_like(odds), odds])
    yes = int(happened.sum())
    wanted = np.where(happened, (yes + 1) / (yes + 2), 1 / (len(happened) - yes + 2))
    line = np.zeros(2)  # from a steep line Newton's method may run away
    for _ in range(STEPS):
        chance = logistic(design @ line)
        step = np.linalg.solve(_information(design, chance), design.T @ (wanted - chance))
        while _loss(design @ (line + step), wanted) > _loss(design @ line, wanted) + TINY:
            step /= 2
        line = line + step
        if np.abs(step).max() < TINY:
            break
    covariance: Floats = np.linalg.inv(_information(design, logistic(design @ line))).astype(np.float64)
    return Calibration(line, covariance)


def _information(design: Floats, chance: Floats) -> Floats:
    """Return Fisher's information of the line, with a little added where all rows have the same confidence."""
    information: Floats = (design * (chance * (1 - chance))[:, None]).T @ design + RIDGE * np.eye(2)
    return information


def _loss(odds: Floats, wanted: Floats) -> float:
    return float(np.mean(np.logaddexp(0, odds) - wanted * odds))


def log_odds(probabilities: Floats) -> Floats:
    """Return the log odds of probabilities, finite at 0 and 1."""
    kept = np.clip(probabilities, EDGE, 1 - EDGE)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def logistic(odds: Floats) -> Floats:
    """Return the probabilities of log odds."""
    probabilities: Floats = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
    return probabilities
