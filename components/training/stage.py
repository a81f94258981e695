"""The training stage: a dataset and a study folder in, a bundle folder and its report out."""

from __future__ import annotations

import json
from pathlib import Path

from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import TrainingSection
from sevenfold.report.page import write_report
from sevenfold.runtime.progress import report_progress
from sevenfold.training.report import training_report
from sevenfold.training.train import Trained, train

__all__ = ["run_training"]


def run_training(
    dataset: Path,
    study: Path,
    settings: str,
    *,
    out: Path,
    page: Path,
    summary: Path,
    data_digest: str = "",
    max_epochs: int = 0,
    seed: int = -1,
    checkpoints: str | None = None,
) -> Trained:
    """Fit a network with the study's best settings and write the bundle.

    Args:
        dataset: sealed dataset folder.
        study: sealed study folder.
        settings: JSON of {"training": section of the plan, "name", "metric", "plan_digest"}, and for a
            binary task "threshold": what its threshold is chosen by.
        out: bundle folder to write and seal.
        page: HTML report to write.
        summary: Markdown report to write.
        data_digest: sha256:… of the table; empty takes the one in `settings`, if any.
        max_epochs: most epochs; 0 takes the plan's.
        seed: seed of weights and shuffling; -1 takes the plan's.
        checkpoints: folder or address below which the fit is kept until the bundle is sealed; None keeps nothing.

    Raises:
        TrainingError: as `train`.
        IntegrityError: for a dataset or study that is not what was sealed.
    """
    given = json.loads(settings)
    section = TrainingSection.model_validate(given["training"])
    trained = train(
        dataset,
        study,
        section.replaced(max_epochs=max_epochs or None, seed=seed if seed >= 0 else None),
        given["metric"],
        out,
        name=given["name"],
        digests={"data": data_digest or given.get("data_digest", ""), "plan": given["plan_digest"]},
        on_progress=lambda message, done, total: report_progress("training", message, done=done, total=total),
        checkpoints=checkpoints,
        rule=ThresholdRule.model_validate(given["threshold"]) if "threshold" in given else None,
    )
    write_report(training_report(trained), page, summary)
    return trained
