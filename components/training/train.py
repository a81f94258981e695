"""Train: fit with the best settings, then write and seal the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sevenfold
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.study import Best
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import Device, TrainingSection
from sevenfold.runtime.checkpoint import Draft, checkpoints_at
from sevenfold.runtime.progress import OnProgress
from sevenfold.runtime.termination import on_termination
from sevenfold.scoring.threshold import ChosenThreshold
from sevenfold.training.export.bundle import export_bundle
from sevenfold.training.pytorch.device import device_of, reproducible
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.linear import fit_linear
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.tensors import load_tensors

__all__ = ["Trained", "fit_identity", "train"]


@dataclass(frozen=True)
class Trained:
    """What training did; `metrics` are on the validation rows, `difference` is between torch and `model.onnx`."""

    digest: str
    fitted: Fitted
    section: TrainingSection
    tuned: Mapping[str, Any]
    metrics: dict[str, float]
    difference: float
    train_rows: int
    validation_rows: int
    model_bytes: int
    threshold: ChosenThreshold | None = None  # of a binary model


def fit_identity(dataset: Dataset, section: TrainingSection, metric: str, model: Model) -> dict[str, Any]:
    """Return what decides the result of a fit, except the tried settings, as JSON values."""
    import torch

    return {
        "dataset": dataset.digest,
        "section": section.model_dump(mode="json", exclude={"source"}),
        "source": model.source.digest if model.source else "",
        "metric": metric,
        "versions": [sevenfold.__version__, torch.__version__],
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
        rule: what the threshold of a binary model is chosen by; None takes 0.5.

    Raises:
        TrainingError: as `fit` and `export_bundle`.
        IntegrityError: for a dataset or study that is not what was sealed.
    """
    device_of(section.device)  # a GPU that is not there is an error before anything is read
    on_progress("reading the dataset", 0, section.max_epochs)
    dataset = Dataset.open(dataset_folder)
    tuned = Best.read(study).settings if study else {}
    model = Model.of(section)
    tensors = load_tensors(dataset)

    epochs_done = 0
    kept = checkpoints_at(
        checkpoints,
        {**fit_identity(dataset, section, metric, model), "settings": tuned},
        lambda message: on_progress(message, epochs_done, section.max_epochs),
    )
    draft = Draft(kept, "fit")

    def on_epoch(number: int, value: float) -> bool:
        nonlocal epochs_done
        epochs_done = number
        on_progress(f"epoch {number}: {metric} {value:.4f} on the validation rows", number, section.max_epochs)
        return True

    with on_termination(draft.flush):
        fitted = fit(tensors, section, metric, settings=tuned, on_epoch=on_epoch, model=model, progress=draft)
    on_progress("fitting a linear model beside it", section.max_epochs, section.max_epochs)
    with reproducible(device_of(Device.CPU), section.seed, section.threads):
        linear = fit_linear(tensors, seed=section.seed)
    on_progress("writing model.onnx and comparing it with torch", section.max_epochs, section.max_epochs)
    source = {"source": model.source.digest} if model.source else {}
    exported = export_bundle(
        fitted,
        tensors,
        dataset,
        out,
        name=name,
        digests={**digests, **source},
        threads=section.threads,
        rule=rule,
        linear=linear,
    )
    bundle = Bundle.open(out, digest=exported.digest)
    kept.remove()
    return Trained(
        digest=exported.digest,
        fitted=fitted,
        section=section,
        tuned=tuned,
        metrics=bundle.info.metrics,
        difference=exported.difference,
        train_rows=len(tensors.train),
        validation_rows=len(tensors.validation),
        model_bytes=bundle.model_path.stat().st_size,
        threshold=exported.threshold,
    )
