"""The tuning stage: a dataset folder and settings in, a study folder and its report out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import TuningSection
from sevenfold.report.page import write_report
from sevenfold.runtime.checkpoint import Checkpoints, Draft, checkpoints_at
from sevenfold.runtime.progress import report_progress
from sevenfold.runtime.termination import on_termination
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kinds_of
from sevenfold.training.protocol import ModelKind
from sevenfold.training.rehearsal import rehearse
from sevenfold.training.train import fit_identity
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.report import build_report
from sevenfold.tuning.study import Objective, OnEpoch, Study, write_study
from sevenfold.tuning.trial import Trial

__all__ = ["Tuned", "run_tuning"]


@dataclass(frozen=True)
class Tuned:
    """What Kubeflow shows of a search: best score, trials, epochs."""

    study: Study
    scores: dict[str, float]


@dataclass(frozen=True)
class _Task:
    """The settings of one search: its sections of the plan, the metric and the kind of model."""

    tuning: TuningSection
    training: TrainingSection
    metric: str
    kind: ModelKind[Any]


def run_tuning(
    dataset: Path,
    settings: str,
    *,
    out: Path,
    page: Path,
    summary: Path,
    trials: int = -1,
    seed: int = -1,
    checkpoints: str | None = None,
) -> Tuned:
    """Search the training settings that score best on the validation rows, and write the study.

    Args:
        dataset: sealed dataset folder.
        settings: JSON of {"tuning", "training": sections of the plan, "metric": name}.
        out: study folder to write and seal.
        page: HTML report to write.
        summary: Markdown report to write.
        trials: number of trials; -1 takes the plan's, 0 skips the search.
        seed: seed of search and training; -1 takes the plan's.
        checkpoints: folder or address below which finished trials are kept until the study is sealed; None keeps
            nothing.

    Raises:
        TrainingError: as `search`, `rehearse` and `ModelKind.encode`; ``no_cuda``.
        IntegrityError: for a dataset that is not what was sealed.
    """
    given, own_seed = json.loads(settings), seed if seed >= 0 else None
    tuning = TuningSection.model_validate(given["tuning"])
    tuning = tuning.replaced(trials=trials if trials >= 0 else None, seed=own_seed)
    training = TrainingSection.model_validate(given["training"]).replaced(seed=own_seed)
    (kind,) = kinds_of(training)
    if tuning.trials:
        kind.require(training)  # else every trial would fail on it, one by one
    sealed = Dataset.open(dataset)
    task = _Task(tuning, training, given["metric"], kind)
    identity = fit_identity(sealed, training, task.metric, kind)
    kept = checkpoints_at(
        checkpoints,
        {**identity, "tuning": tuning.model_dump(mode="json")},
        lambda message: report_progress("tuning", message, total=tuning.trials),
    )
    study = _search(task, sealed, kept)
    write_study(study, training.settings, out)
    kept.remove()
    report = build_report(study, task.metric, training.settings, cpu_seconds=time.process_time())
    write_report(report, page, summary)
    return Tuned(study, _scores(study, task.metric))


def _search(task: _Task, dataset: Dataset, checkpoints: Checkpoints) -> Study:
    tuning, training = task.tuning, task.training
    known = task.kind.effective_settings(training.settings)
    data = TrainingData(dataset, row_fraction=tuning.row_fraction, seed=training.seed)
    if tuning.trials and training.source:
        rehearse(task.kind, dataset, training, task.metric)

    def on_trial(trial: Trial, best: Trial | None) -> None:
        done, best_score = trial.number + 1, f", best {best.score:.4g}" if best else ""
        message = f"trial {done} of {tuning.trials}{best_score}"
        report_progress("tuning", message, done=done, total=tuning.trials)

    return search(
        _objective(task, data, checkpoints),
        tuning,
        tuning.space or task.kind.space(),
        "maximize" if higher_is_better(task.metric) else "minimize",
        first=known,
        checkpoints=checkpoints,
        on_trial=on_trial,
    )


def _objective(task: _Task, data: TrainingData, checkpoints: Checkpoints) -> Objective:
    """Return the function that fits a model with tried settings and returns its score."""

    def objective(tried: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        draft = Draft(checkpoints, "trial", of=tried)
        with on_termination(draft.flush):
            fitted = task.kind.fit(
                data.once(f"{task.kind.name} rows", lambda: task.kind.encode(data)),
                task.training,
                task.metric,
                settings=tried,
                max_epochs=task.tuning.max_epochs,
                on_epoch=on_epoch,
                progress=draft,
            )
        return fitted.score

    return objective


def _scores(study: Study, metric: str) -> dict[str, float]:
    counts: dict[str, float] = {"trials": len(study.trials), "epochs": study.epochs}
    if study.best is None or study.best.score is None:
        return counts
    return {f"best_{metric}": study.best.score, **counts}
