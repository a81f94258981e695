"""Search with Optuna: it chooses the settings, and whoever asks for a trial tries them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.canonical import digest_of
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, Sampler, TuningSection
from sevenfold.runtime.checkpoint import Checkpoints
from sevenfold.runtime.termination import on_termination
from sevenfold.tuning.engines.epochs import Epochs
from sevenfold.tuning.engines.failures import cause_of, none_succeeded
from sevenfold.tuning.engines.methods import new_study, quiet, sampler_of, shared_file
from sevenfold.tuning.engines.trials import Drawer, state_of, values_of
from sevenfold.tuning.searchable import grid_size, require_searchable
from sevenfold.tuning.space import distributions, fitting, params_of, settings_of
from sevenfold.tuning.study import Direction, Objective, OnTrial, Outcome, Study, best_trial
from sevenfold.tuning.trial import JOURNAL, Journal, State, Trial

if TYPE_CHECKING:
    import optuna

__all__ = ["Asked", "Search", "run_trial", "search"]


def search(
    objective: Objective,
    section: TuningSection,
    space: Mapping[str, Dimension],
    direction: Direction,
    *,
    first: Mapping[str, Any] | None = None,
    starts: Sequence[Mapping[str, Any]] = (),
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
        starts: settings that the next trials take, one each where all of it lies in the space.
        checkpoints: where finished trials are kept and read again; None for nowhere.
        on_trial: called after every trial with the trial and the best complete one so far.

    A trial that raises, or whose score is NaN or infinite, is marked failed and the search goes on.

    Raises:
        TrainingError: ``all_trials_failed`` with the first cause; as `Search`.
    """
    if section.trials == 0:
        return Study(direction, dict(space), (), None, 0)
    whole = Search(section, space, direction, first=first, starts=starts, checkpoints=checkpoints, on_trial=on_trial)
    with on_termination(whole.flush):
        while asked := whole.ask():
            run_trial(asked, objective)
    whole.flush()
    whole.require_success()
    return whole.study(section.trials)


class Search:
    """A search that gives its trials one by one, and records how each ended; the arguments are those of `search`.

    Of trials that run at the same time, each is chosen without the scores of the others.

    Args:
        group: name of its trials, and of the file that keeps the finished ones.

    Raises:
        TrainingError: ``empty_space``, ``empty_dimension``; as `require_searchable`.
    """

    def __init__(
        self,
        section: TuningSection,
        space: Mapping[str, Dimension],
        direction: Direction,
        *,
        first: Mapping[str, Any] | None = None,
        starts: Sequence[Mapping[str, Any]] = (),
        checkpoints: Checkpoints | None = None,
        on_trial: OnTrial | None = None,
        group: str = "",
    ) -> None:
        if not space:
            raise TrainingError(
                "empty_space", "A search needs at least one dimension, but got none.", remedy="Set tuning.trials: 0."
            )
        require_searchable(section.sampler, space)
        # Beyond which no trial brings anything new; None where there is no end.
        self.two_objectives = section.latency.wanted
        self.most_trials = grid_size(space) if section.sampler is Sampler.GRID else None
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self.errors: list[Exception] = []  # of trials that failed in this process
        self.outcome: Outcome | None = None  # of the best trial; None after an interrupted search
        self.running = 0
        self.group, self.space, self.direction = group, dict(space), direction
        self._section, self._on_trial = section, on_trial
        begin = params_of(self.space, first or {})
        known, self._outside = fitting(self.space, starts)
        self._known = [begin, *(params for params in known if params != begin)]  # by the trial's number
        with quiet():
            self._ranges = distributions(space)
            self.shared = shared_file(self) if section.processes > 1 else ""
            self._study = new_study(section, direction, self.shared)
            noting = section.sampler is Sampler.CMAES
            self._drawer = Drawer(self._study, self.space, self._ranges, noting=noting)
        identity = _identity(section, space, direction, {"first": dict(first or {}), "starts": list(starts)})
        name = f"trials-{group}.jsonl" if group else JOURNAL
        self._journal = Journal(checkpoints or Checkpoints(), identity, name)
        self._kept = self._journal.read()
        self._numbers = {trial.number for trial in self._kept}
        self._resumed = 0
        self._deadline = time.monotonic() + (section.timeout_seconds or math.inf)

    @property
    def started(self) -> int:
        """How many trials were asked for."""
        return len(self.trials) + self.running

    @property
    def out_of_time(self) -> bool:
        """Whether no trial may start any more; the first one starts in any case."""
        return self.started > 0 and time.monotonic() >= self._deadline

    @property
    def over(self) -> bool:
        """Whether all trials were asked for, those of the plan or of the grid, or the time is up."""
        spent = self.most_trials is not None and self.started >= self.most_trials
        return spent or self.started >= self._section.trials or self.out_of_time

    def ask(self) -> Asked | None:
        """Return the next trial, after those that an interrupted search has finished; None where the search is over."""
        while not self.over:
            if not self.take_over():
                return self.ask_next()
        return None

    def take_over(self) -> bool:
        """Record the next trial that an interrupted search has finished; False where there is none."""
        if self._resumed == len(self._kept):
            return False
        trial = self._kept[self._resumed]
        with quiet():
            self._study.sampler = sampler_of(self._section, trial.number, self.space, self._ranges)
            self._drawer.add(trial)
        self._resumed += 1
        self._record(trial)
        return True

    def ask_next(self) -> Asked:
        """Return a new trial."""
        number = next(number for number in range(len(self._numbers) + 1) if number not in self._numbers)
        self._numbers.add(number)
        with quiet():
            self._study.sampler = sampler_of(self._section, number, self.space, self._ranges)
            asked = self._drawer.draw(self._known[number] if number < len(self._known) else {})
        self.running += 1
        return Asked(self, asked, number)

    def end(self, asked: Asked, state: State, outcome: Outcome, error: Exception | None) -> Trial:
        """Record how a trial ended; `Asked.end` calls this."""
        values = values_of(outcome.score, outcome.latency_ms) if state == "complete" else None
        with quiet():
            self._study.tell(asked.optuna, values, state=state_of(state))
        trial = Trial(
            number=asked.number,
            state=state,
            params=asked.optuna.params,
            settings=asked.settings,
            score={"complete": outcome.score, "pruned": asked.curve[-1] if asked.curve else None}.get(state),
            curve=tuple(asked.curve),
            cause=cause_of(error),
            latency_ms=outcome.latency_ms if state == "complete" else None,
            seconds=time.monotonic() - asked.started,
        )
        self.running -= 1
        self.errors += [error] if error else []
        self._journal.append(trial)
        self._record(trial, outcome)
        return trial

    def flush(self) -> None:
        """Keep what is not kept yet of the finished trials."""
        self._journal.flush()

    def require_success(self) -> None:
        """Raise where no trial succeeded.

        Raises:
            TrainingError: ``all_trials_failed`` with the first cause; ``too_slow``.
        """
        if self.best is None:
            raise none_succeeded(self.trials, self.errors, self._section.latency.limit_ms)

    def study(self, planned: int) -> Study:
        """Return the record of what ran so far, in the order in which trials were asked for."""
        trials = tuple(sorted(self.trials, key=lambda trial: trial.number))
        return Study(
            self.direction,
            self.space,
            trials,
            self.best,
            planned,
            resumed=self._resumed,
            grid=self.most_trials,
            begun_with=max(0, min(len(trials), len(self._known)) - 1),
            passed_over=self._outside,
        )

    def _record(self, trial: Trial, outcome: Outcome | None = None) -> None:
        self.trials.append(trial)
        best = [self.best] if self.best else []
        self.best = best_trial([*best, trial], self.direction, self._section.latency.limit_ms)
        if self.best is trial:
            self.outcome = outcome
        if self._on_trial:
            self._on_trial(trial, self.best)


class Asked(Epochs):
    """A trial that a search was asked for: see `OpenTrial`; other processes find it in the study at `shared`."""

    def __init__(self, search: Search, asked: optuna.trial.Trial, number: int) -> None:
        super().__init__(asked, prunes=not search.two_objectives)
        self.group, self.number = search.group, number
        self.settings = settings_of(search.space, asked.params)
        self.best = search.best.score if search.best else None
        self.shared = search.shared
        self.started = time.monotonic()
        self._search = search

    def end(self, outcome: Outcome, error: Exception | None = None) -> Trial:
        """Record how the trial ended."""
        if error is None and not self.pruned:
            error = self._fault(outcome)
        return self._search.end(self, "failed" if error else "pruned" if self.pruned else "complete", outcome, error)

    def _fault(self, outcome: Outcome) -> TrainingError | None:
        if not math.isfinite(outcome.score):
            return TrainingError("not_finite", f"A score must be a finite number, but got {outcome.score}.")
        if self._search.two_objectives and outcome.latency_ms is None:
            return TrainingError("no_latency", "A trial must have a latency, but none was measured.")
        return None


def run_trial(asked: Asked, objective: Objective) -> Trial:
    """Try a trial's settings in this process; what the objective raises is recorded with the trial."""
    error: Exception | None
    try:
        outcome, error = Outcome.of(objective(asked.settings, asked.on_epoch)), None
    except Exception as raised:
        outcome, error = Outcome(math.nan), raised
    return asked.end(outcome, error)


def _identity(
    section: TuningSection, space: Mapping[str, Dimension], direction: Direction, begin: Mapping[str, Any]
) -> str:
    # The limit of latency chooses among trials, and a warm start is in `begin`.
    apart = {"timeout_seconds", "space", "engine", "processes", "ray", "warm_start"}
    budgetless = section.model_dump(mode="json", exclude={**dict.fromkeys(apart, True), "latency": {"limit_ms"}})
    budgetless["two_objectives"] = section.latency.wanted
    ranges = {name: dimension.model_dump(mode="json") for name, dimension in space.items()}
    return digest_of({"section": budgetless, "space": ranges, "direction": direction, "begin": dict(begin)})
