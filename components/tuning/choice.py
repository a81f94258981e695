"""Which kind of model: all kinds search on the same rows, a bad one is given up, and the simplest of the best wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.study import Best
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import Checkpoints, Draft
from sevenfold.runtime.termination import on_termination
from sevenfold.scoring.paired import difference_error
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import ModelKind
from sevenfold.tuning.engines.optuna import Search
from sevenfold.tuning.study import OnEpoch, Study, best_settings
from sevenfold.tuning.trial import Trial

__all__ = ["Choice", "Contender", "Task", "choose_kind", "space_of"]

GIVE_UP: Final = 3.0  # standard errors behind the best kind, after which a kind gets no more trials
NOISE: Final = 1.5  # standard errors: a simpler kind that is no further behind wins (Breiman et al. 1984, with 1)

OnKindTrial = Callable[[str, int, Trial, float | None], None]  # kind, trials of all kinds so far, trial, best score


@dataclass(frozen=True)
class Task:
    """What a search is about: its sections of the plan, the metric, the rows and where finished work is kept."""

    tuning: TuningSection
    training: TrainingSection
    metric: str
    data: TrainingData
    checkpoints: Checkpoints

    @property
    def sign(self) -> float:
        """1 where a larger score is better, else −1."""
        return 1.0 if higher_is_better(self.metric) else -1.0


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

    def save(self, folder: Path) -> str:
        """Write and seal the study folder that training reads, and return its digest."""
        chosen, best = self.chosen, self.chosen.study.best
        settings = best_settings(chosen.study, chosen.settings)
        records = [
            {"model": contender.kind.name, **trial.record()}
            for contender in self.contenders
            for trial in contender.study.trials
        ]
        winner = Best(settings=settings, model=chosen.kind.name, score=best.score if best else None)
        return winner.save(folder, records)


def choose_kind(kinds: Sequence[ModelKind[Any]], task: Task, on_trial: OnKindTrial) -> Choice:
    """Share the plan's trials among kinds of models, and return what won.

    Every kind begins with the plan's own settings. Then the kind with the fewest trials is next, until the trials are
    spent; one that is more than three standard errors behind the best gets no more. The best score decides, but a
    simpler kind wins where it is at most one and a half standard errors of the difference behind, measured on the same
    validation rows. The same rows and sections give the same choice.

    Args:
        kinds: the simplest first. With fewer trials than kinds, those in the middle and the simplest come first.
        task: the search.
        on_trial: called after every trial.

    Raises:
        TrainingError: ``all_trials_failed`` where no kind succeeded; as `Search` and `ModelKind.effective_settings`.
    """
    searches = [_KindSearch(kind, task) for kind in _entered(kinds, task.tuning.trials)]
    spent, out_of_time = 0, False
    while spent < task.tuning.trials:
        _give_up(searches, task)
        open_ = [search for search in searches if search.open]
        if not open_:
            break
        following = min(open_, key=lambda search: len(search.trials))
        if not following.advance():
            out_of_time = True
            break
        spent += 1
        best = _leader(searches, task)
        on_trial(following.kind.name, spent, following.trials[-1], best.score if best else None)
    return _chosen(searches, task, out_of_time=out_of_time)


def _entered(kinds: Sequence[ModelKind[Any]], trials: int) -> Sequence[ModelKind[Any]]:
    if trials >= len(kinds):
        return kinds
    return kinds[:2] if trials == 2 else kinds[-2:-1]


class _KindSearch:
    """The search of one kind, and the predictions of its best fit."""

    def __init__(self, kind: ModelKind[Any], task: Task) -> None:
        self.kind, self.given_up = kind, False
        self.section = task.training.of(kind.name)
        self.settings = kind.effective_settings(self.section.settings)
        self._task, self._best, self._predicted = task, math.nan, np.empty(0)
        self._search = Search(
            self._objective,
            task.tuning,
            space_of(kind, task),
            "maximize" if task.sign > 0 else "minimize",
            first=self.settings,
            checkpoints=task.checkpoints,
            journal=f"trials-{kind.name}.jsonl",
        )

    @property
    def trials(self) -> list[Trial]:
        return self._search.trials

    @property
    def score(self) -> float | None:
        return self._search.best.score if self._search.best else None

    @property
    def open(self) -> bool:
        most = self.kind.most_trials
        failed = self.trials and all(trial.state == "failed" for trial in self.trials)
        return not self.given_up and not failed and (most is None or len(self.trials) < most)

    def advance(self) -> bool:
        """Run one trial; False where the time is up."""
        before = len(self.trials)
        self._search.run(before + 1)
        return len(self.trials) > before

    def study(self) -> Study:
        return self._search.study(self._task.tuning.trials)

    def predicted(self) -> NDArray[Any]:
        """Return the validation predictions of the best fit; after a resumed search that fit is made again."""
        best = self._search.best
        assert best is not None  # noqa: S101 - asked for kinds with a score alone
        if self._best != best.score:
            self._objective(best.settings, lambda epoch, score: True)
        return self._predicted

    def require_success(self) -> None:
        self._search.require_success()

    def _objective(self, tried: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        task, kind = self._task, self.kind
        draft = Draft(task.checkpoints, f"trial-{kind.name}", of=tried)
        with on_termination(draft.flush):
            fitted = kind.fit(
                task.data.once(f"{kind.name} rows", lambda: kind.encode(task.data)),
                self.section,
                task.metric,
                settings=tried,
                max_epochs=task.tuning.max_epochs,
                on_epoch=on_epoch,
                progress=draft,
            )
        if fitted.stopped != "pruned" and not task.sign * fitted.score <= task.sign * self._best:
            self._best, self._predicted = fitted.score, fitted.validation
        return fitted.score


def space_of(kind: ModelKind[Any], task: Task) -> dict[str, Dimension]:
    """Return what the plan searches for a kind, or the kind's own space; with `auto` names begin with the kind."""
    space = task.tuning.space
    if task.training.leaves_choice:
        start = f"{kind.name}."
        space = {name.removeprefix(start): range_ for name, range_ in space.items() if name.startswith(start)}
    return space or kind.space()


def _leader(searches: Sequence[_KindSearch], task: Task) -> _KindSearch | None:
    """Return the search with the best score, the simplest of equals."""
    scored = [search for search in searches if search.score is not None]
    return max(scored, key=lambda search: task.sign * (search.score or 0.0), default=None)


def _behind(search: _KindSearch, leader: _KindSearch, task: Task) -> tuple[float, float]:
    """Return how far a kind's best lies behind the leader's, and the standard error of that."""
    if search is leader:
        return 0.0, 0.0
    behind = task.sign * ((leader.score or 0.0) - (search.score or 0.0))
    return behind, difference_error(task.metric, task.data.truth, leader.predicted(), search.predicted())


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
        searches[0].require_success()
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
