"""Train: a dataset and the best settings in, a sealed bundle out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sevenfold
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.study import Best
from sevenfold.plan.training import TrainingSection
from sevenfold.runtime.checkpoint import Draft, checkpoints_at
from sevenfold.runtime.termination import on_termination
from sevenfold.training.export.bundle import export_bundle
from sevenfold.training.pytorch.device import device_of
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.tensors import load_tensors

__all__ = ["Trained", "train", "work_of"]

Tell = Callable[[str, int, int], None]


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


def work_of(dataset: Dataset, section: TrainingSection, metric: str, model: Model) -> dict[str, Any]:
    """Return everything but the tried settings that decides what a fit ends with, as JSON takes it."""
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
    tell: Tell = lambda message, done, total: None,
    checkpoints: str | None = None,
) -> Trained:
    """Fit the section's model with the study's best settings and write the bundle to `out`.

    Args:
        dataset_folder: a sealed dataset.
        study: the sealed folder of tuning; None takes the section's own settings.
        section: model, settings, epochs, seed, threads, device.
        metric: what chooses the epoch.
        out: folder of the bundle.
        name: the plan's name.
        digests: of data and plan.
        tell: told what happens, and how many epochs of how many are done.
        checkpoints: folder or address below which the fit is kept until the bundle is sealed; the next call with the
            same dataset, section and tuned settings goes on from there, to the same bundle. None keeps nothing.

    Raises:
        TrainingError: whatever `fit` and `export_bundle` raise.
        IntegrityError: for a dataset or study that is not what was sealed.
    """
    device_of(section.device)  # a GPU that is not there is told before anything is read
    tell("reading the dataset", 0, section.max_epochs)
    dataset = Dataset.open(dataset_folder)
    tuned = Best.read(study).settings if study else {}
    model = Model.of(section)
    tensors = load_tensors(dataset)

    said = {"total": section.max_epochs, "done": 0}
    kept = checkpoints_at(
        checkpoints,
        {**work_of(dataset, section, metric, model), "settings": tuned},
        lambda message: tell(message, said["done"], said["total"]),
    )
    draft = Draft(kept, "fit")

    def on_epoch(number: int, value: float) -> bool:
        said["done"] = number
        tell(f"epoch {number}: {metric} {value:.4f} on the validation rows", number, section.max_epochs)
        return True

    with on_termination(draft.flush):
        fitted = fit(tensors, section, metric, settings=tuned, on_epoch=on_epoch, model=model, progress=draft)
    tell("writing model.onnx and comparing it with torch", section.max_epochs, section.max_epochs)
    source = {"source": model.source.digest} if model.source else {}
    digest, difference = export_bundle(
        fitted, tensors, dataset, out, name=name, digests={**digests, **source}, threads=section.threads
    )
    bundle = Bundle.open(out, digest=digest)
    kept.remove()
    return Trained(
        digest=digest,
        fitted=fitted,
        section=section,
        tuned=tuned,
        metrics=bundle.info.metrics,
        difference=difference,
        train_rows=len(tensors.train),
        validation_rows=len(tensors.validation),
        model_bytes=bundle.model_path.stat().st_size,
    )
