"""A trial as Optuna knows it: drawn from a study, and put back into one after an interruption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.space import applies, draw_order
from sevenfold.tuning.trial import State, Trial

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

__all__ = ["Drawer", "state_of", "values_of"]

STATES: Final[dict[State, str]] = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}


def state_of(state: State) -> optuna.trial.TrialState:
    """Return Optuna's state for ours."""
    from optuna.trial import TrialState

    return TrialState[STATES[state]]


def values_of(score: float | None, latency_ms: float | None) -> list[float]:
    """Return the values of a trial's objectives: its score, and its latency where that is one."""
    return [value for value in (score, latency_ms) if value is not None]


class Drawer:
    """Draws trials of a space from a study.

    Args:
        study: with the sampler of the trial that is drawn.
        space: the settings; one with a condition is drawn only where that holds.
        ranges: their distributions.
        noting: whether the sampler notes in each trial where it is, as CMA-ES does. Its note is a pickle, which has no
            business in a file that we read, so a finished trial is drawn again to have it noted again.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: Mapping[str, Dimension],
        ranges: Mapping[str, BaseDistribution],
        *,
        noting: bool = False,
    ) -> None:
        self._study, self._space, self._ranges, self._noting = study, space, ranges, noting
        self._order = draw_order(space)
        self._always = {name: ranges[name] for name in self._order if not space[name].when}

    def draw(self, known: Mapping[str, Any]) -> optuna.trial.Trial:
        """Return a new trial, which takes the parameters that are known already."""
        if known:
            self._study.enqueue_trial(dict(known))
        asked = self._study.ask(dict(self._always))
        if self._noting:
            _ = asked.relative_params  # left out by Optuna where all parameters are known, and with it the note
        for name in self._order[len(self._always) :]:
            if applies(self._space, name, asked.params):
                self._suggest(asked, name)
        return asked

    def add(self, trial: Trial) -> None:
        """Put a finished trial into the study, as if it had run there."""
        from optuna.trial import create_trial

        if self._noting:
            self._repeat(trial)
            return
        # in the order in which they were drawn, which the grid's sampler goes by
        params = {name: trial.params[name] for name in self._order if name in trial.params}
        self._study.add_trial(
            create_trial(
                state=state_of(trial.state),
                values=None if trial.state == "failed" else values_of(trial.score, trial.latency_ms),
                params=params,
                distributions={name: self._ranges[name] for name in params},
                intermediate_values=dict(enumerate(trial.curve, start=1)),
            )
        )

    def _repeat(self, trial: Trial) -> None:
        asked = self.draw(trial.params)
        for epoch, score in enumerate(trial.curve, start=1):
            asked.report(score, epoch)
        values = values_of(trial.score, None) if trial.state == "complete" else None
        self._study.tell(asked, values, state=state_of(trial.state))

    def _suggest(self, asked: optuna.trial.Trial, name: str) -> None:
        range_: Any = self._ranges[name]
        if self._space[name].choices is not None:
            asked.suggest_categorical(name, range_.choices)
        elif self._space[name].integer:
            asked.suggest_int(name, range_.low, range_.high, step=range_.step, log=range_.log)
        else:
            asked.suggest_float(name, range_.low, range_.high, step=range_.step, log=range_.log)
