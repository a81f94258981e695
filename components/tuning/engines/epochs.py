"""The epochs of a trial: what each scored, and whether the study's pruner has stopped it."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import TrainingError

if TYPE_CHECKING:
    import optuna

__all__ = ["Epochs"]


class Epochs:
    """Reports the epochs of a trial to its study.

    Args:
        trial: Optuna's.
        prunes: whether its study knows of an early end; one with two objectives does not.
        reported: epochs that the study has already, from a process that was killed.
    """

    def __init__(self, trial: optuna.trial.Trial, *, prunes: bool, reported: Collection[int] = ()) -> None:
        self.optuna, self.pruned = trial, False
        self.curve: list[float] = []
        self._prunes, self._reported = prunes, reported

    def on_epoch(self, epoch: int, score: float) -> bool:
        """Record the score after an epoch; False where the trial is to stop.

        Raises:
            TrainingError: ``not_finite``.
        """
        score = float(score)
        if not math.isfinite(score):
            raise TrainingError("not_finite", f"A score must be a finite number, but got {score} in epoch {epoch}.")
        self.curve.append(score)
        if not self._prunes:
            return True
        if epoch not in self._reported:
            self.optuna.report(score, epoch)
        self.pruned = self.optuna.should_prune()
        return not self.pruned
