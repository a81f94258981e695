"""The tuning stage: a dataset folder and settings in, a study folder and its report out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import TuningSection
from sevenfold.report.format_value import format_score
from sevenfold.report.page import write_report
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.runtime.progress import report_progress
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kind_named, kinds_of
from sevenfold.training.protocol import ModelKind
from sevenfold.training.rehearsal import rehearse
from sevenfold.training.train import fit_identity
from sevenfold.tuning.choice import Choice, Contender, Task, choose_kind, space_of
from sevenfold.tuning.kinds_report import kinds_blocks, kinds_sentence
from sevenfold.tuning.latency_report import latency_blocks
from sevenfold.tuning.report import build_report
from sevenfold.tuning.study import Study
from sevenfold.tuning.trial import Trial

__all__ = ["Tuned", "run_tuning"]


@dataclass(frozen=True)
class Tuned:
    """What Kubeflow shows of a search: best score, trials, epochs."""

    choice: Choice
    scores: dict[str, float]


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
        settings: JSON of {"tuning", "training": sections of the plan, "metric": name}, and where the metric is of the
            classes that a binary model predicts "threshold": what its threshold is chosen by; else it is 0.5.
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
    metric, kinds = str(given["metric"]), kinds_of(training)
    if tuning.trials:
        for kind in kinds:
            kind.require(training)  # else every trial would fail on it, one by one
    sealed = Dataset.open(dataset)
    rule = ThresholdRule.model_validate(given["threshold"]) if "threshold" in given else None
    identity = [fit_identity(sealed, training, metric, kind, rule) for kind in kinds]

    def on_message(message: str) -> None:
        report_progress("tuning", message, total=tuning.trials)

    # Another engine, or another limit of latency, goes on with the same trials.
    apart: dict[str, Any] = {"engine": True, "ray": True, "processes": True, "latency": {"limit_ms"}}
    deciding = tuning.model_dump(mode="json", exclude=apart)
    kept = checkpoints_at(checkpoints, {"kinds": identity, "tuning": deciding}, on_message)
    data = TrainingData(sealed, row_fraction=tuning.row_fraction, seed=training.seed, rule=rule)
    task = Task(tuning, training, metric, data, kept, on_message)
    choice = _searched(kinds, task) if tuning.trials else _skipped(kinds, task)
    choice.save(out, warm_start=tuning.warm_start.study)
    kept.remove()
    report = build_report(
        choice.chosen.study,
        metric,
        choice.chosen.settings,
        cpu_seconds=time.process_time(),
        kinds=kinds_blocks(choice, metric),
        latency=latency_blocks(choice, metric, tuning.latency),
        choice=kinds_sentence(choice),
        out_of_time=choice.out_of_time,
        most_trials=choice.chosen.kind.most_trials,
    )
    write_report(report, page, summary)
    return Tuned(choice, _scores(choice, metric))


def _searched(kinds: Sequence[ModelKind[Any]], task: Task) -> Choice:
    (kind, *others) = kinds
    if task.training.source and kind.rehearses:
        rehearse(kind, task.data.dataset, task.training, task.metric)
    if not others and not space_of(kind, task):
        return _skipped(kinds, task)

    def on_trial(name: str, done: int, trial: Trial, best: float | None) -> None:
        of_kind, best_score = f" ({name})" if others else "", f", best {format_score(best)}" if best is not None else ""
        message = f"trial {done} of {task.tuning.trials}{of_kind}{best_score}"
        report_progress("tuning", message, done=done, total=task.tuning.trials)

    return choose_kind(kinds, task, on_trial)


def _skipped(kinds: Sequence[ModelKind[Any]], task: Task) -> Choice:
    """Return the choice where nothing is tried: the plan's kind, or its default one."""
    kind = kind_named(task.training, "")
    section = task.training.of(kind.name)
    kind.effective_settings(section.settings)
    study = Study("maximize" if task.sign > 0 else "minimize", space_of(kind, task), (), None, task.tuning.trials)
    contender = Contender(kind, section.settings, study)
    return Choice((contender,), contender)


def _scores(choice: Choice, metric: str) -> dict[str, float]:
    epochs = sum(contender.study.epochs for contender in choice.contenders)
    counts: dict[str, float] = {"trials": choice.trials, "epochs": epochs}
    best = choice.chosen.study.best
    if best is None or best.score is None:
        return counts
    return {f"best_{metric}": best.score, **counts}
