"""What Ray Tune is given: where its trials come from, when one stops, and what runs it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ray import tune  # noqa: TID253 - what follows are classes of Ray's; only `engine` imports this file
from ray.tune.schedulers import FIFOScheduler  # noqa: TID253
from ray.tune.search import Searcher  # noqa: TID253

from sevenfold.contracts.errors import TrainingError
from sevenfold.tuning.engines.ray.fit import Fit, Result
from sevenfold.tuning.study import Direction, FailedElsewhere, Objective, OpenTrial, Outcome, TrialSource

__all__ = ["RETRIES", "Pruning", "Trials", "Worker"]

RETRIES = 2  # of a trial whose worker was lost: with its node, or for want of memory


class Trials(Searcher):
    """Gives Ray Tune the trials of a source, and tells the source how they ended."""

    def __init__(self, source: TrialSource) -> None:
        super().__init__()
        self._source = source
        self.open: dict[str, OpenTrial] = {}
        self.faults: dict[str, Exception] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return what a worker needs to know of the next trial; None where there is none now."""
        asked = self._source.ask()
        if asked is None:
            return Searcher.FINISHED if self._source.over else None
        self.open[trial_id] = asked
        return {"number": asked.number, "group": asked.group, "settings": asked.settings, "best": asked.best}

    def on_trial_complete(self, trial_id: str, result: Result | None = None, error: bool = False) -> None:
        """Record how a trial ended."""
        asked = self.open.pop(trial_id, None)
        if asked is None:
            return
        given = result or {}
        fault = self.faults.pop(trial_id, None)
        if error:
            fault = FailedElsewhere(f"its worker was lost {RETRIES + 1} times")
        elif "failure" in given:
            fault = FailedElsewhere(given["failure"])
        predicted = given.get("predicted")
        outcome = Outcome(
            given.get("score", math.nan), None if predicted is None else lambda: predicted, given.get("latency_ms")
        )
        asked.end(outcome, fault)

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing: the source keeps its finished trials itself."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing."""


class Pruning(FIFOScheduler):
    """Stops the trials that their source calls hopeless."""

    def __init__(self, trials: Trials) -> None:
        super().__init__()
        self._trials = trials

    def on_trial_result(self, tune_controller: Any, trial: Any, result: Result) -> str:
        """Record the score of an epoch."""
        asked = self._trials.open.get(trial.trial_id)
        # A trial that was begun again on another worker goes through the epochs that are recorded.
        if asked is None or "epoch" not in result or result["epoch"] <= len(asked.curve):
            return str(self.CONTINUE)
        try:
            goes_on = asked.on_epoch(result["epoch"], result["score"])
        except TrainingError as fault:
            self._trials.faults[trial.trial_id] = fault
            goes_on = False
        return str(self.CONTINUE if goes_on else self.STOP)


class Worker(tune.Trainable):
    """Runs trials one after the other, so that rows are read and libraries imported once."""

    def setup(
        self,
        config: dict[str, Any],
        objectives: Mapping[str, Objective] | None = None,
        direction: Direction = "minimize",
    ) -> None:
        """Begin the first trial."""
        self._objectives, self._direction = objectives or {}, direction
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """End a trial that was stopped, and begin the next one."""
        self._fit.stop()
        self._begin(new_config)
        return True

    def step(self) -> Result:
        """Return the next result of the trial."""
        return self._fit.step()

    def cleanup(self) -> None:
        """End the trial."""
        self._fit.stop()

    def _begin(self, config: dict[str, Any]) -> None:
        self._fit = Fit(self._objectives[config["group"]], config["settings"], self._direction, config["best"])
