"""A rehearsal of a model before the search: one batch trained, exported and compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.signature import Signature
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.export.convert import compare, raw_model
from sevenfold.training.pytorch.fit import fit
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.predict import predict
from sevenfold.training.pytorch.tensors import Tensors

__all__ = ["rehearse"]

ROWS = 256


def rehearse(dataset: Dataset, tensors: Tensors, section: TrainingSection, metric: str) -> float:
    """Train the section's model for one short epoch, export it, and compare the file with torch on some rows.

    Returns the largest difference. A model that cannot be built, trained or exported fails here, in the first minute.

    Raises:
        TrainingError: as `fit`, `export_network` and `compare`.
    """
    import torch

    few = torch.arange(min(ROWS, len(tensors.train)))
    small = Tensors(tensors.train.take(few), tensors.validation, tensors.signature, tensors.target)
    fitted = fit(small, section, metric, max_epochs=1, model=Model.of(section))
    transform, full = dataset.transform(), tensors.signature
    signature = Signature.of(dataset.schema, full.inputs)
    table = dataset.table("train", list(full.inputs)).slice(0, len(few))
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        path = Path(folder) / "model.onnx"
        write_whole(path, raw_model(fitted.network, small.train, transform, full))
        prediction = Scorer(path, signature).predict(feeds_from_table(table, full.inputs))
    encoded = small.train
    expected, _ = predict(fitted.network, encoded, full)
    return compare(expected, prediction, full, transform.target)
