"""Try the trials of a search in several processes of this machine, which share the study in Optuna's journal storage.

The search itself, what it draws and what it keeps, stays in the process that it began in. The others report their
epochs to the shared study and ask its pruner. Each is an executor of its own, so that one that is killed takes no other
along.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sevenfold.plan.tuning import TuningSection
from sevenfold.report.quantity import quantity
from sevenfold.tuning.engines.epochs import Epochs
from sevenfold.tuning.engines.methods import new_study, quiet
from sevenfold.tuning.engines.optuna import Asked
from sevenfold.tuning.study import Direction, FailedElsewhere, Objective, Outcome

__all__ = ["run_in_processes"]

RETRIES: Final = 2  # of a trial whose process was killed, as for its memory


class AskedSource(Protocol):
    """What gives trials of studies that other processes can open."""

    def ask(self) -> Asked | None:
        """Return the next trial, or None where there is none now."""


@dataclass(frozen=True)
class Job:
    """A trial, as a process needs to know it."""

    path: str
    trial_id: int
    group: str
    settings: dict[str, Any]
    best: float | None


@dataclass(frozen=True)
class Ended:
    """How a trial ended in a process: its epochs, whether the pruner stopped it, and what the objective gave."""

    curve: tuple[float, ...]
    pruned: bool
    score: float = math.nan
    latency_ms: float | None = None
    predicted: Any = None
    failure: str = ""


def run_in_processes(
    source: AskedSource, objectives: Mapping[str, Objective], section: TuningSection, direction: Direction
) -> None:
    """Try the trials of a source in `section.processes` processes, until there are no more.

    A trial is drawn without the scores of those that still run. One whose process is killed begins again in another, at
    most twice. The processes end with this one, however it ends.

    Args:
        source: of the trials, which also keeps those that have ended.
        objectives: by group of trials; sent to the processes, so they must be picklable.
        section: the plan's.
        direction: whether a larger or a smaller score is better.
    """
    before = set(multiprocessing.active_children())
    slots = [_Slot(objectives, section, direction) for _ in range(section.processes)]
    try:
        running: dict[Future[Ended], _Slot] = {}
        while True:
            for slot in slots:
                if slot.asked is None and (asked := source.ask()) is not None:
                    running[slot.start(asked)] = slot
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                slot = running.pop(future)
                if (again := slot.end(future)) is not None:
                    running[again] = slot
    finally:
        for slot in slots:
            slot.executor.shutdown(wait=False, cancel_futures=True)
        left = set(multiprocessing.active_children()) - before
        for process in left:
            process.kill()  # only a search that was interrupted leaves them at work
        for process in left:
            process.join()


class _Slot:
    """One process, and the trial that it tries."""

    def __init__(self, objectives: Mapping[str, Objective], section: TuningSection, direction: Direction) -> None:
        self._given = (dict(objectives), section, direction)
        self.executor = self._new()
        self.asked: Asked | None = None
        self._lost = 0

    def start(self, asked: Asked) -> Future[Ended]:
        self.asked, self._lost = asked, 0
        return self._submit(asked)

    def end(self, future: Future[Ended]) -> Future[Ended] | None:
        """Record how the trial ended, or begin it again where its process was killed."""
        asked = self.asked
        assert asked is not None  # noqa: S101 - it was started
        try:
            ended = future.result()
        except BrokenProcessPool:
            self.executor.shutdown(wait=False)
            self.executor, self._lost = self._new(), self._lost + 1
            if self._lost <= RETRIES:
                return self._submit(asked)
            ended = Ended((), pruned=False, failure=f"its process was lost {quantity(self._lost, 'time')}")
        self.asked = None
        asked.curve[:], asked.pruned = ended.curve, ended.pruned
        predicted = ended.predicted
        outcome = Outcome(ended.score, None if predicted is None else lambda: predicted, ended.latency_ms)
        asked.end(outcome, FailedElsewhere(ended.failure) if ended.failure else None)
        return None

    def _submit(self, asked: Asked) -> Future[Ended]:
        job = Job(asked.shared, asked.optuna._trial_id, asked.group, asked.settings, asked.best)
        return self.executor.submit(_try, job)

    def _new(self) -> ProcessPoolExecutor:
        # Not forked: a fork of a process with threads may hang.
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=self._given)


_begun: dict[str, Any] = {}  # of this process: what all its trials share


def _begin(objectives: dict[str, Objective], section: TuningSection, direction: Direction) -> None:
    _begun.update(objectives=objectives, section=section, direction=direction)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody waits for what it tries


def _try(job: Job) -> Ended:
    import optuna

    section, direction = _begun["section"], _begun["direction"]
    with quiet():
        study = _begun.get(job.path) or new_study(section, direction, job.path)
        _begun[job.path] = study
        trial = optuna.trial.Trial(study, job.trial_id)
    # What a process that was killed has reported is there.
    reported = study.get_trials(deepcopy=False)[trial.number].intermediate_values
    epochs = Epochs(trial, prunes=not section.latency.wanted, reported=frozenset(reported))
    try:
        outcome = Outcome.of(_begun["objectives"][job.group](job.settings, epochs.on_epoch))
        predicted = outcome.worth_sending(direction, job.best)
    except BaseException as error:  # else the other process would raise it
        return Ended(tuple(epochs.curve), epochs.pruned, failure=f"{type(error).__name__}: {error}")
    return Ended(tuple(epochs.curve), epochs.pruned, outcome.score, outcome.latency_ms, predicted)
