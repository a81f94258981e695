"""Train: fit with the best settings, then write and seal the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sevenfold
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.study import Best
from sevenfold.plan.threshold import ThresholdRule, scoring_rule
from sevenfold.plan.training import TrainingSection
from sevenfold.runtime.checkpoint import Draft, checkpoints_at
from sevenfold.runtime.progress import OnProgress
from sevenfold.runtime.termination import on_termination
from sevenfold.scoring.threshold import ChosenThreshold
from sevenfold.training.bundle import export_bundle
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kind_named
from sevenfold.training.linear.graph import linear_bytes
from sevenfold.training.linear.kind import fit_yardstick
from sevenfold.training.protocol import FittedModel, ModelKind

__all__ = ["Trained", "fit_identity", "train"]

SIZE: Final = {"cpu", "memory", "runtime"}  # of a pod: it goes on where one with less had to stop


@dataclass(frozen=True)
class Trained:
    """What training did; `metrics` are on the validation rows, `difference` is between the model and `model.onnx`."""

    digest: str
    kind: ModelKind[Any]
    fitted: FittedModel
    section: TrainingSection
    tuned: Mapping[str, Any]
    metrics: dict[str, float]
    difference: float
    train_rows: int
    validation_rows: int
    model_bytes: int
    threshold: ChosenThreshold | None = None  # of a binary model


def fit_identity(
    dataset: Dataset,
    section: TrainingSection,
    metric: str,
    kind: ModelKind[Any],
    rule: ThresholdRule | None = None,
) -> dict[str, Any]:
    """Return what decides the result of a fit, except the tried settings, as JSON values."""
    scored = scoring_rule(rule, metric)
    return {
        **({} if scored is None else {"threshold": scored.model_dump(mode="json")}),
        "dataset": dataset.digest,
        "section": section.model_dump(mode="json", exclude={"source": True, "trainjob": SIZE}),
        "model": kind.name,
        "kind": kind.identity,
        "metric": metric,
        "version": sevenfold.__version__,
    }


def train(
    dataset_folder: Path,
    study: Path | None,
    section: TrainingSection,
    metric: str,
    out: Path,
    *,
    name: str,
    digests: Mapping[str, str],
    on_progress: OnProgress = lambda message, done, total: None,
    checkpoints: str | None = None,
    rule: ThresholdRule | None = None,
) -> Trained:
    """Fit the section's model with the study's best settings and write the bundle to `out`.

    Args:
        dataset_folder: a sealed dataset.
        study: the sealed folder of tuning; None takes the section's own settings.
        section: model, settings, epochs, seed, threads, device.
        metric: chooses the epoch.
        out: folder of the bundle.
        name: the plan's name.
        digests: of data and plan.
        on_progress: called with a message, the epochs done and the epochs in all.
        checkpoints: folder or address below which the fit is kept until the bundle is sealed; the next call with the
            same dataset, section and tuned settings goes on from there, to the same bundle. None keeps nothing.
        rule: what the threshold of a binary model is chosen by, at which metrics of predicted classes score every
            epoch; None takes 0.5.

    Raises:
        TrainingError: as `fit` and `export_bundle`.
        IntegrityError: for a dataset or study that is not what was sealed.
    """
    best = Best.read(study) if study else None
    kind = kind_named(section, best.model if best else "", checkpoints)
    section = section.of(kind.name)
    kind.require(section)  # a GPU that is not there is an error before anything is read
    on_progress("reading the dataset", 0, section.max_epochs)
    dataset = Dataset.open(dataset_folder)
    tuned = best.settings if best else {}
    if best:  # they are complete: a setting of the plan that they lack does not exist beside theirs
        section = section.replaced(settings={})
    data = TrainingData(dataset, rule=rule)
    rows = kind.encode(data)

    epochs_done = 0
    kept = checkpoints_at(
        checkpoints,
        {**fit_identity(dataset, section, metric, kind, rule), "settings": tuned},
        lambda message: on_progress(message, epochs_done, section.max_epochs),
    )
    draft = Draft(kept, "fit")

    def on_epoch(number: int, value: float) -> bool:
        nonlocal epochs_done
        epochs_done = number
        on_progress(f"epoch {number}: {metric} {value:.4f} on the validation rows", number, section.max_epochs)
        return True

    with on_termination(draft.flush):
        fitted = kind.fit(rows, section.with_settings(tuned), metric, on_epoch=on_epoch, progress=draft)
    on_progress("fitting a linear model beside it", section.max_epochs, section.max_epochs)
    yardstick = fit_yardstick(data, section)
    on_progress("writing model.onnx and comparing it with the model", section.max_epochs, section.max_epochs)
    exported = export_bundle(
        kind,
        fitted,
        data,
        out,
        name=name,
        digests=digests,
        threads=section.threads,
        rule=rule,
        beside=linear_bytes(yardstick, data.transform, data.signature.inputs) if yardstick.finite else None,
    )
    bundle = Bundle.open(out, digest=exported.digest)
    kept.remove()
    return Trained(
        digest=exported.digest,
        kind=kind,
        fitted=fitted,
        section=section,
        tuned=tuned,
        metrics=bundle.info.metrics,
        difference=exported.difference,
        train_rows=dataset.rows("train"),
        validation_rows=dataset.rows("validation"),
        model_bytes=bundle.model_path.stat().st_size,
        threshold=exported.threshold,
    )
