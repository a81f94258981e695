"""Which kind of model: all kinds search on the same rows, a bad one is given up, and the simplest of the best wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.study import Best
from sevenfold.plan.tuning import TuningEngine
from sevenfold.runtime.termination import on_termination
from sevenfold.scoring.paired import difference_error
from sevenfold.scoring.threshold import threshold_of
from sevenfold.training.protocol import ModelKind
from sevenfold.tuning.engines.failures import none_succeeded
from sevenfold.tuning.engines.optuna import Asked, Search, run_trial
from sevenfold.tuning.study import Study, best_settings
from sevenfold.tuning.task import KindObjective, Task, space_of, starts_of
from sevenfold.tuning.trial import Trial

__all__ = ["Choice", "Contender", "KindTrials", "Task", "choose_kind", "space_of"]

GIVE_UP: Final = 3.0  # standard errors behind the best kind, after which a kind gets no more trials
NOISE: Final = 1.5  # standard errors: a simpler kind that is no further behind wins (Breiman et al. 1984, with 1)

OnKindTrial = Callable[[str, int, Trial, float | None], None]  # kind, trials of all kinds so far, trial, best score


@dataclass(frozen=True)
class Contender:
    """What became of one kind: its study, and how far its best lies behind the best of all, never below 0.

    `behind` and its standard error `error` are in the metric's unit, on the validation rows; None for a kind without a
    score. `given_up` says that its trials ended early because it was too far behind.
    """

    kind: ModelKind[Any]
    settings: Mapping[str, Any]  # those of the plan that are for this kind
    study: Study
    behind: float | None = None
    error: float | None = None
    given_up: bool = False


@dataclass(frozen=True)
class Choice:
    """All kinds that were tried, the simplest first, the one that won, and whether the time ended the search."""

    contenders: tuple[Contender, ...]
    chosen: Contender
    out_of_time: bool = False

    @property
    def trials(self) -> int:
        """Trials of all kinds."""
        return sum(len(contender.study.trials) for contender in self.contenders)

    def save(self, folder: Path, *, warm_start: str = "") -> str:
        """Write and seal the study folder that training reads, and return its digest.

        `warm_start` is the digest of the study that the search began with.
        """
        chosen, best = self.chosen, self.chosen.study.best
        settings = best_settings(chosen.study, chosen.settings)
        records = [
            {"model": contender.kind.name, **trial.record()}
            for contender in self.contenders
            for trial in contender.study.trials
        ]
        score = best.score if best else None
        winner = Best(settings=settings, model=chosen.kind.name, score=score, warm_start=warm_start)
        return winner.save(folder, records)


def choose_kind(kinds: Sequence[ModelKind[Any]], task: Task, on_trial: OnKindTrial) -> Choice:
    """Share the plan's trials among kinds of models, and return what won.

    Every kind begins with the plan's own settings. Then the kind with the fewest trials is next, until the trials are
    spent; one that is more than three standard errors behind the best gets no more. The best score decides, but a
    simpler kind wins where it is at most one and a half standard errors of the difference behind, measured on the same
    validation rows. The same rows and sections give the same choice, as long as trials run one after the other.

    Args:
        kinds: the simplest first. With fewer trials than kinds, those in the middle and the simplest come first.
        task: the search.
        on_trial: called after every trial.

    Raises:
        TrainingError: ``all_trials_failed`` where no kind succeeded; as `Search`, `run_on_ray` and
            `ModelKind.effective_settings`.
    """
    trials = KindTrials(kinds, task, on_trial)
    if task.tuning.engine is TuningEngine.RAY:
        from sevenfold.tuning.engines.ray.engine import run_on_ray

        run_on_ray(trials, trials.objectives, task.tuning.ray, task.direction, on_message=task.on_message)
    elif task.tuning.processes > 1:
        from sevenfold.tuning.engines.processes import run_in_processes

        with on_termination(trials.flush):
            run_in_processes(trials, trials.objectives, task.tuning, task.direction)
    else:
        with on_termination(trials.flush):
            while asked := trials.ask():
                run_trial(asked, trials.objectives[asked.group])
    trials.flush()
    return trials.choice()


class KindTrials:
    """The trials of all kinds, as an engine asks for them (`TrialSource`); the arguments are those of `choose_kind`."""

    def __init__(self, kinds: Sequence[ModelKind[Any]], task: Task, on_trial: OnKindTrial) -> None:
        self._task, self._on_trial = task, on_trial
        self._searches = [_KindSearch(kind, task, self._after) for kind in _entered(kinds, task.tuning.trials)]
        self._out_of_time = False
        self.objectives = {search.kind.name: search.objective for search in self._searches}

    def ask(self) -> Asked | None:
        """Return the next trial, after those that an interrupted search has finished; None where there is none now."""
        while (following := self._following()) and not self._out_of_time:
            if following.search.out_of_time:
                self._out_of_time = True
            elif not following.search.take_over():
                return following.search.ask_next()
        return None

    @property
    def over(self) -> bool:
        """Whether there will be no trial any more."""
        running = any(search.search.running for search in self._searches)
        return self._out_of_time or self._started >= self._task.tuning.trials or not (running or self._following())

    @property
    def _started(self) -> int:
        return sum(search.search.started for search in self._searches)

    def _following(self) -> _KindSearch | None:
        """Return the kind whose turn it is, or None."""
        if self._started >= self._task.tuning.trials:
            return None
        _give_up(self._searches, self._task)
        open_ = [search for search in self._searches if search.open]
        return min(open_, key=lambda search: search.search.started, default=None)

    def _after(self, kind: str, trial: Trial) -> None:
        self.flush()  # a fit takes longer than a line
        best, done = _leader(self._searches, self._task), sum(len(search.trials) for search in self._searches)
        self._on_trial(kind, done, trial, best.score if best else None)

    def flush(self) -> None:
        """Keep what is not kept yet of the finished trials."""
        for search in self._searches:
            search.search.flush()

    def choice(self) -> Choice:
        """Return what won.

        Raises:
            TrainingError: ``all_trials_failed``.
        """
        return _chosen(self._searches, self._task, out_of_time=self._out_of_time)


def _entered(kinds: Sequence[ModelKind[Any]], trials: int) -> Sequence[ModelKind[Any]]:
    if trials >= len(kinds):
        return kinds
    return kinds[:2] if trials == 2 else kinds[-2:-1]


class _KindSearch:
    """The search of one kind, and the predictions of its best fit."""

    def __init__(self, kind: ModelKind[Any], task: Task, after: Callable[[str, Trial], None]) -> None:
        self.kind, self.given_up = kind, False
        self.section = task.training.of(kind.name)
        self.objective = KindObjective(kind, task)
        self._task, self._predicted = task, np.empty(0)
        self._predicted_by: Trial | None = None
        self.search = Search(
            task.tuning,
            space_of(kind, task),
            task.direction,
            first=kind.effective_settings(self.section.settings),
            starts=starts_of(kind, task),
            checkpoints=task.checkpoints,
            on_trial=lambda trial, best: after(kind.name, trial),
            group=kind.name,
        )

    @property
    def trials(self) -> list[Trial]:
        return self.search.trials

    @property
    def score(self) -> float | None:
        return self.search.best.score if self.search.best else None

    @property
    def open(self) -> bool:
        ends = [most for most in (self.kind.most_trials, self.search.most_trials) if most is not None]
        failed = self.trials and all(trial.state == "failed" for trial in self.trials)
        return not self.given_up and not failed and all(self.search.started < most for most in ends)

    def study(self) -> Study:
        return self.search.study(self._task.tuning.trials)

    def predicted(self) -> NDArray[Any]:
        """Return the validation predictions of the best fit; after a resumed search that fit is made again."""
        best, outcome = self.search.best, self.search.outcome
        assert best is not None  # noqa: S101 - asked for kinds with a score alone
        if self._predicted_by is not best:
            predicted = outcome.predicted if outcome else None
            again = predicted or self.objective(best.settings, lambda epoch, score: True).predicted
            assert again is not None  # noqa: S101 - a fit can predict
            self._predicted, self._predicted_by = again(), best
        return self._predicted


def _leader(searches: Sequence[_KindSearch], task: Task) -> _KindSearch | None:
    """Return the search with the best score, the simplest of equals."""
    scored = [search for search in searches if search.score is not None]
    return max(scored, key=lambda search: task.sign * (search.score or 0.0), default=None)


def _behind(search: _KindSearch, leader: _KindSearch, task: Task) -> tuple[float, float]:
    """Return how far a kind's best lies behind the leader's, and the standard error of that."""
    if search is leader:
        return 0.0, 0.0
    behind = task.sign * ((leader.score or 0.0) - (search.score or 0.0))
    first, second = leader.predicted(), search.predicted()
    truth, rule = task.data.truth, task.data.rule
    thresholds = threshold_of(task.metric, truth, first, rule), threshold_of(task.metric, truth, second, rule)
    return behind, difference_error(task.metric, truth, first, second, thresholds=thresholds)


def _give_up(searches: Sequence[_KindSearch], task: Task) -> None:
    leader = _leader(searches, task)
    if leader is None or any(not search.trials for search in searches):
        return
    for search in searches:
        if search.open and search is not leader and search.score is not None:
            behind, error = _behind(search, leader, task)
            search.given_up = behind > GIVE_UP * error


def _chosen(searches: Sequence[_KindSearch], task: Task, *, out_of_time: bool) -> Choice:
    leader = _leader(searches, task)
    if leader is None:
        trials = [trial for search in searches for trial in search.trials]
        errors = [error for search in searches for error in search.search.errors]
        raise none_succeeded(trials, errors, task.tuning.latency.limit_ms)
    contenders, chosen = [], None
    for search in searches:
        behind, error = (None, None) if search.score is None or leader is None else _behind(search, leader, task)
        given = search.section.settings
        contender = Contender(search.kind, given, search.study(), behind, error, search.given_up)
        contenders.append(contender)
        if chosen is None and behind is not None and (behind == 0 or behind <= NOISE * (error or 0.0)):
            chosen = contender
    assert chosen is not None  # noqa: S101 - the leader is behind by nothing
    return Choice(tuple(contenders), chosen, out_of_time)
