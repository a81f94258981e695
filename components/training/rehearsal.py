"""A rehearsal of a user's model before the search: a few rows trained, exported and compared."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.signature import Signature
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.compare import compare
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import ModelKind

__all__ = ["rehearse"]

ROWS: Final = 256


def rehearse(kind: ModelKind[Any], dataset: Dataset, section: TrainingSection, metric: str) -> float:
    """Train a model for one short epoch, export it, and compare the file with it on the validation rows.

    Returns the largest difference. A model that cannot be built, trained or exported fails here, in the first minute.

    Raises:
        TrainingError: as `ModelKind.fit`, `FittedModel.onnx_bytes` and `compare`.
    """
    data = TrainingData(dataset, most_rows=ROWS)
    fitted = kind.fit(kind.encode(data), section.alone.replaced(max_epochs=1), metric)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        path = Path(folder) / "model.onnx"
        write_whole(path, fitted.onnx_bytes(data))
        prediction = Scorer(path, Signature.of(dataset.schema, data.signature.inputs)).predict(data.feeds("validation"))
    return compare(fitted.validation, prediction, data.transform.target.scale)
