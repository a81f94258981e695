"""Search with Optuna: it chooses the settings, and a callable tries them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.canonical import digest_of
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, Pruner, Sampler, TuningSection
from sevenfold.runtime.checkpoint import Checkpoints
from sevenfold.runtime.termination import on_termination
from sevenfold.tuning.space import distributions, params_of, settings_of
from sevenfold.tuning.study import Direction, Objective, OnTrial, Study, best_trial
from sevenfold.tuning.trial import JOURNAL, Journal, Trial

if TYPE_CHECKING:
    import optuna

__all__ = ["Search", "search"]

STARTUP: Final = 10  # random trials before TPE models the space (Bergstra et al. 2011); fewer in a short search
MEDIAN_STARTUP: Final = 2  # complete trials before the median means anything: the plan's own settings and one more
CAUSE_LIMIT: Final = 300  # characters


def search(
    objective: Objective,
    section: TuningSection,
    space: Mapping[str, Dimension],
    direction: Direction,
    *,
    first: Mapping[str, Any] | None = None,
    checkpoints: Checkpoints | None = None,
    on_trial: OnTrial | None = None,
) -> Study:
    """Try `section.trials` settings from `space`, one after the other, and return the study.

    The same objective, section and space give the same study, also when a search that was killed is resumed from its
    checkpoints: what trial k draws depends on the seed, on k and on the trials before it alone. A limit of time breaks
    this promise.

    Args:
        objective: takes settings and `on_epoch`, returns the score. It calls `on_epoch(epoch, score)` after every
            epoch, from 1, and stops when that returns False: the trial is pruned then.
        section: budget, sampler, pruner, seed.
        space: the settings to search, by name.
        direction: whether a larger or a smaller score is better.
        first: settings known to work; the first trial takes those of them that lie in the space.
        checkpoints: where finished trials are kept and read again; None for nowhere.
        on_trial: called after every trial with the trial and the best complete one so far.

    A trial that raises, or whose score is NaN or infinite, is marked failed and the search goes on.

    Raises:
        TrainingError: ``all_trials_failed`` with the first cause; ``empty_space``, ``empty_dimension``.
    """
    if section.trials == 0:
        return Study(direction, dict(space), (), None, 0)
    whole = Search(objective, section, space, direction, first=first, checkpoints=checkpoints, on_trial=on_trial)
    whole.run(section.trials)
    whole.require_success()
    return whole.study(section.trials)


class Search:
    """A search that goes on step by step; the arguments are those of `search`, whose promises hold.

    Args:
        journal: name of the file that keeps the finished trials.

    Raises:
        TrainingError: ``empty_space``, ``empty_dimension``.
    """

    def __init__(
        self,
        objective: Objective,
        section: TuningSection,
        space: Mapping[str, Dimension],
        direction: Direction,
        *,
        first: Mapping[str, Any] | None = None,
        checkpoints: Checkpoints | None = None,
        on_trial: OnTrial | None = None,
        journal: str = JOURNAL,
    ) -> None:
        if not space:
            raise TrainingError(
                "empty_space", "A search needs at least one dimension, but got none.", remedy="Set tuning.trials: 0."
            )
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self._objective, self._section, self._space, self._direction = objective, section, dict(space), direction
        self._first, self._on_trial = dict(first or {}), on_trial
        self._causes: list[Exception] = []
        with _quiet():
            self._ranges = distributions(space)
            self._study = _study(section, direction)
        identity = _identity(section, space, direction, self._first)
        self._journal = Journal(checkpoints or Checkpoints(), identity, journal)
        self._kept = self._journal.read()
        self._resumed = 0
        self._deadline = time.monotonic() + (section.timeout_seconds or math.inf)

    def run(self, trials: int) -> None:
        """Go on until there are so many trials, or the time is up; the first one runs in any case."""
        with _quiet(), on_termination(self._journal.flush):
            while len(self.trials) < trials and (not self.trials or time.monotonic() < self._deadline):
                trial = self._next()
                self.trials.append(trial)
                self.best = best_trial([*([self.best] if self.best else []), trial], self._direction)
                if self._on_trial:
                    self._on_trial(trial, self.best)
        self._journal.flush()

    def require_success(self) -> None:
        """Raise where no trial succeeded.

        Raises:
            TrainingError: ``all_trials_failed`` with the first cause.
        """
        if self.best is None:
            raise _all_failed(self.trials, self._causes)

    def study(self, planned: int) -> Study:
        """Return the record of what ran so far."""
        return Study(self._direction, self._space, tuple(self.trials), self.best, planned, self._resumed)

    def _next(self) -> Trial:
        """Return the next trial: one that an interrupted search has finished, or a new one."""
        if len(self.trials) < len(self._kept):
            trial = self._kept[len(self.trials)]
            self._study.add_trial(_frozen(trial, self._ranges))
            self._resumed += 1
            return trial
        self._study.sampler = _sampler(self._section, len(self.trials), self._ranges)
        if not self.trials and (known := params_of(self._space, self._first)):
            self._study.enqueue_trial(known)
        trial, error = _try(self._study, self._ranges, self._space, self._objective)
        self._causes += [error] if error else []
        self._journal.append(trial)
        return trial


def _try(
    study: optuna.Study, ranges: Mapping[str, Any], space: Mapping[str, Dimension], objective: Objective
) -> tuple[Trial, Exception | None]:
    from optuna.trial import TrialState

    asked = study.ask(dict(ranges))
    settings, curve, pruned = settings_of(space, asked.params), [], False

    def on_epoch(epoch: int, score: float) -> bool:
        nonlocal pruned
        score = float(score)
        if not math.isfinite(score):
            raise TrainingError("not_finite", f"A score must be a finite number, but got {score} in epoch {epoch}.")
        curve.append(score)
        asked.report(score, epoch)
        pruned = asked.should_prune()
        return not pruned

    started, error, value = time.monotonic(), None, math.nan
    try:
        value = float(objective(settings, on_epoch))
        if not pruned and not math.isfinite(value):
            raise TrainingError("not_finite", f"A score must be a finite number, but got {value}.")
    except Exception as raised:
        error = raised
    state = TrialState.FAIL if error else TrialState.PRUNED if pruned else TrialState.COMPLETE
    study.tell(asked, None if error or pruned else value, state=state)
    trial = Trial(
        number=asked.number,
        state="failed" if error else "pruned" if pruned else "complete",
        params=asked.params,
        settings=settings,
        score=None if error else curve[-1] if pruned else value,
        curve=tuple(curve),
        cause=_cause(error),
        seconds=time.monotonic() - started,
    )
    return trial, error


def _study(section: TuningSection, direction: Direction) -> optuna.Study:
    import optuna

    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if section.pruner is Pruner.MEDIAN:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=MEDIAN_STARTUP)
    elif section.pruner is Pruner.HYPERBAND:
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=section.max_epochs, reduction_factor=3)
    # Hyperband assigns trials to its brackets by a hash of the study's name.
    return optuna.create_study(study_name="sevenfold", direction=direction, pruner=pruner)


def _sampler(section: TuningSection, index: int, ranges: Mapping[str, Any]) -> optuna.samplers.BaseSampler:
    import optuna

    # A seed per trial, because a resumed search cannot restore the state of a generator.
    seed = (section.seed * 1_000_003 + index) % 2**32
    if section.sampler is Sampler.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(STARTUP, max(3, section.trials // 3)))
    # The space never changes; Optuna would work it out again from all trials, for a fifth of a trial's cost.
    free = {name: given for name, given in ranges.items() if not given.single()}
    sampler.infer_relative_search_space = lambda study, trial: free
    return sampler


def _frozen(trial: Trial, ranges: Mapping[str, Any]) -> optuna.trial.FrozenTrial:
    from optuna.trial import TrialState, create_trial

    state = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[trial.state]
    return create_trial(
        state=state,
        value=None if trial.state == "failed" else trial.score,
        params=dict(trial.params),
        distributions=dict(ranges),
        intermediate_values=dict(enumerate(trial.curve, start=1)),
    )


def _identity(
    section: TuningSection, space: Mapping[str, Dimension], direction: Direction, first: Mapping[str, Any]
) -> str:
    budgetless = section.model_dump(mode="json", exclude={"timeout_seconds", "space"})
    ranges = {name: dimension.model_dump(mode="json") for name, dimension in space.items()}
    return digest_of({"section": budgetless, "space": ranges, "direction": direction, "first": dict(first)})


def _cause(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"[:CAUSE_LIMIT] if error else ""


def _all_failed(trials: list[Trial], causes: list[Exception]) -> TrainingError:
    cause = next((trial.cause for trial in trials if trial.state == "failed"), "every trial was pruned")
    failure = TrainingError(
        "all_trials_failed",
        f"At least one of {len(trials)} trials must succeed, but all failed; the first with: {cause}",
        remedy="Correct the cause, or narrow tuning.space.",
    )
    failure.__cause__ = causes[0] if causes else None
    return failure


@contextmanager
def _quiet() -> Iterator[None]:
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
