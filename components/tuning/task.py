"""What a search is about, and the objective that its trials are scored by."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.manifest import MANIFEST
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import Checkpoints, Draft
from sevenfold.runtime.progress import OnMessage
from sevenfold.runtime.termination import on_termination
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kind_named
from sevenfold.training.protocol import ModelKind
from sevenfold.tuning.latency import latency_ms
from sevenfold.tuning.study import Direction, OnEpoch, Outcome

__all__ = ["KindObjective", "Task", "searched_space", "space_of", "starts_of"]


@dataclass(frozen=True)
class Task:
    """What a search is about: its sections of the plan, the metric, the rows and where finished work is kept."""

    tuning: TuningSection
    training: TrainingSection
    metric: str
    data: TrainingData
    checkpoints: Checkpoints
    on_message: OnMessage = lambda message: None  # gets a sentence where something takes long

    @property
    def sign(self) -> float:
        """1 where a larger score is better, else −1."""
        return 1.0 if higher_is_better(self.metric) else -1.0

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it takes to do the task elsewhere; on another machine that is the dataset's bytes too."""
        source = self.training.source
        here = Path(source).resolve() if source and "://" not in source else source
        training = self.training.replaced(source=str(here)).to_settings()
        dataset = self.data.dataset
        names = [*dataset.manifest.files, MANIFEST] if self.tuning.ray.on_cluster else []
        files = {name: (dataset.folder / name).read_bytes() for name in names}
        where = (str(dataset.folder), dataset.digest, files)
        return _task_elsewhere, (*where, self.tuning.to_settings(), training, self.metric, self.data.rule)

    @property
    def direction(self) -> Direction:
        """Whether a larger or a smaller score is better."""
        return "maximize" if self.sign > 0 else "minimize"


def _task_elsewhere(
    folder: str,
    digest: str,
    files: Mapping[str, bytes],
    tuning: str,
    training: str,
    metric: str,
    rule: ThresholdRule | None,
) -> Task:
    if files:
        folder = tempfile.mkdtemp(prefix="sevenfold-dataset-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    searched, fitted = TuningSection.from_settings(tuning), TrainingSection.from_settings(training)
    dataset = Dataset.open(Path(folder), digest=digest)
    data = TrainingData(dataset, row_fraction=searched.row_fraction, seed=fitted.seed, rule=rule)
    return Task(searched, fitted, metric, data, Checkpoints())


class KindObjective:
    """Fits one kind of model with a trial's settings: see `Objective`.

    Pickled, it is the name of the kind and what it takes to do the task elsewhere.

    A fit that was stopped has predictions too, of its best epoch so far.
    """

    def __init__(self, kind: ModelKind[Any], task: Task) -> None:
        self.kind, self.task = kind, task
        section = task.training.of(kind.name)
        # What is searched and not in a trial's settings does not exist there, whatever the plan sets it to.
        searched = space_of(kind, task)
        settings = {name: value for name, value in section.settings.items() if name not in searched}
        self._section = section.replaced(settings=settings, max_epochs=task.tuning.max_epochs).alone

    def __call__(self, settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome:
        """Fit and return the score."""
        task, kind = self.task, self.kind
        draft = Draft(task.checkpoints, f"trial-{kind.name}", of=settings)
        with on_termination(draft.flush):
            fitted = kind.fit(
                task.data.once(f"{kind.name} rows", lambda: kind.encode(task.data)),
                self._section.with_settings(settings),
                task.metric,
                on_epoch=on_epoch,
                progress=draft,
            )
        latency = None
        if task.tuning.latency.wanted:
            latency = latency_ms(fitted, task.data, task.tuning.latency.rows)
        return Outcome(fitted.score, lambda: fitted.validation, latency)

    def __reduce__(self) -> tuple[Any, ...]:
        return _objective_elsewhere, (self.task, self.kind.name)


def _objective_elsewhere(task: Task, kind: str) -> KindObjective:
    return KindObjective(kind_named(task.training, kind), task)


def space_of(kind: ModelKind[Any], task: Task) -> dict[str, Dimension]:
    """Return what a task searches for a kind: see `searched_space`."""
    return searched_space(kind, task.tuning, task.training)


def starts_of(kind: ModelKind[Any], task: Task) -> list[dict[str, Any]]:
    """Return the settings that a search of the kind begins with, named as in its space."""
    given = task.tuning.warm_start.settings
    if not task.training.leaves_choice:
        return [dict(settings) for settings in given]
    start = f"{kind.name}."
    return [
        {name.removeprefix(start): value for name, value in settings.items() if name.startswith(start)}
        for settings in given
        if any(name.startswith(start) for name in settings)
    ]


def searched_space(kind: ModelKind[Any], tuning: TuningSection, training: TrainingSection) -> dict[str, Dimension]:
    """Return what a plan searches for a kind, or the kind's own space; with `auto` names begin with the kind."""
    space = tuning.space
    if training.leaves_choice:
        start = f"{kind.name}."
        space = {
            name.removeprefix(start): range_.replaced(
                when={other.removeprefix(start): values for other, values in range_.when.items()}
            )
            for name, range_ in space.items()
            if name.startswith(start)
        }
    return space or kind.space()
