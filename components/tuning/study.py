"""The record of a search: its trials, and the best of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.trial import Trial

__all__ = [
    "Direction",
    "FailedElsewhere",
    "Objective",
    "OnEpoch",
    "OnTrial",
    "OpenTrial",
    "Outcome",
    "Study",
    "TrialSource",
    "best_settings",
    "best_trial",
]

Direction = Literal["maximize", "minimize"]
OnEpoch = Callable[[int, float], bool]  # epoch from 1 and its score; False stops the trial
OnTrial = Callable[[Trial, Trial | None], None]  # the trial and the best complete one so far


class FailedElsewhere(Exception):
    """What a trial failed with in another process, as ``Type: message``."""


@dataclass(frozen=True)
class Outcome:
    """What an objective gives: the score, and where it can, what returns the predictions on the validation rows.

    `latency_ms` is the time of a prediction where it is an objective too.
    """

    score: float
    predicted: Callable[[], NDArray[Any]] | None = None
    latency_ms: float | None = None

    def worth_sending(self, direction: Direction, best: float | None) -> NDArray[Any] | None:
        """Return the predictions for another process, or None where the score is no number or behind the best."""
        if self.predicted is None or not math.isfinite(self.score):
            return None
        sign = 1.0 if direction == "maximize" else -1.0
        if best is not None and sign * self.score < sign * best:
            return None
        return self.predicted()

    @classmethod
    def of(cls, returned: float | Outcome) -> Outcome:
        """Return what an objective returned as an outcome."""
        return returned if isinstance(returned, Outcome) else cls(float(returned))


Objective = Callable[[Mapping[str, Any], OnEpoch], float | Outcome]


class OpenTrial(Protocol):
    """A trial that was asked for and has not ended.

    `group` names the objective that it belongs to. `best` is the best score that the group had when it was asked for.
    """

    group: str
    number: int
    settings: dict[str, Any]
    best: float | None
    curve: list[float]

    def on_epoch(self, epoch: int, score: float) -> bool:
        """Record the score after an epoch, from 1; False where the trial is to stop, because it is hopeless.

        Raises:
            TrainingError: ``not_finite``.
        """

    def end(self, outcome: Outcome, error: Exception | None = None) -> Trial:
        """Record how the trial ended: pruned where `on_epoch` said so, failed with an error or a score not finite."""


class TrialSource(Protocol):
    """What an engine takes its trials from, one by one, in as many at a time as it likes."""

    def ask(self) -> OpenTrial | None:
        """Return the next trial, or None where there is none now."""

    @property
    def over(self) -> bool:
        """Whether there will be none any more."""


@dataclass(frozen=True)
class Study:
    """The trials of a search in order, and the best complete one (None when the search was skipped).

    `planned` is how many trials the plan asks for, `resumed` how many came from a search that was interrupted, `grid`
    how many combinations a grid has (None for another sampler). Of the settings that `warm_start` gives, `begun_with`
    were the first trials, and `passed_over` lie outside the space.
    """

    direction: Direction
    space: dict[str, Dimension]
    trials: tuple[Trial, ...]
    best: Trial | None
    planned: int
    resumed: int = 0
    grid: int | None = None
    begun_with: int = 0
    passed_over: int = 0

    @property
    def epochs(self) -> int:
        """Epochs that all trials used."""
        return sum(len(trial.curve) for trial in self.trials)

    @property
    def seconds(self) -> float:
        """Wall time that all trials used."""
        return sum(trial.seconds for trial in self.trials)


def best_trial(trials: list[Trial], direction: Direction, limit_ms: float = 0.0) -> Trial | None:
    """Return the complete trial with the best score, the earliest of equals; None where no trial is complete.

    With a limit of latency only the trials within it count.
    """
    complete = [trial for trial in trials if trial.state == "complete" and trial.score is not None]
    if limit_ms:
        complete = [trial for trial in complete if trial.latency_ms is not None and trial.latency_ms <= limit_ms]
    sign = -1.0 if direction == "maximize" else 1.0
    return min(complete, key=lambda trial: (sign * (trial.score or 0.0), trial.number), default=None)


def best_settings(study: Study, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan's training settings with those of the best trial on top.

    A setting that was searched and does not exist in the best trial is left out.
    """
    if study.best is None:
        return dict(settings)
    return {name: value for name, value in settings.items() if name not in study.space} | study.best.settings
