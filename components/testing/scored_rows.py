"""Scored rows: the predictions of a bundle's `model.onnx` for a table, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.schema import Task
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ScoredRows", "constant", "open_scorer", "predictions"]

BATCH: Final = 50_000  # rows whose feeds are in memory at once


@dataclass(frozen=True)
class ScoredRows:
    """Truth and predictions of the same n rows.

    `truth` is the class index (int64) or the value (float64); `predicted` the probabilities (float32 `[n, C]`) or
    the values (float64 `[n]`). Rows without a truth are left out.
    """

    truth: NDArray[Any]
    predicted: NDArray[Any]

    def __len__(self) -> int:
        return len(self.truth)

    def part(self, rows: NDArray[Any]) -> ScoredRows:
        """Return the rows of an index or mask."""
        return ScoredRows(self.truth[rows], self.predicted[rows])


def open_scorer(bundle: Bundle) -> Scorer:
    """Load the bundle's model, checked against the digest in its manifest as it is read."""
    sealed = bundle.manifest.files["model.onnx"].sha256
    return Scorer(bundle.model_path, bundle.signature, sha256=sealed)


def predictions(scorer: Scorer, table: pa.Table) -> NDArray[Any]:
    """Return the model's probabilities `[n, C]` or values `[n]` for every row, in order.

    Raises:
        InputError: if the table lacks a column the model takes, or holds one of another kind.
        ServingError: as `Scorer.predict`.
    """
    signature = scorer.signature
    batches = []
    for start in range(0, max(table.num_rows, 1), BATCH):
        prediction = scorer.predict(feeds_from_table(table.slice(start, BATCH), signature.inputs))
        batches.append(prediction.values if signature.task is Task.REGRESSION else prediction.probabilities)
    return np.concatenate([batch for batch in batches if batch is not None])


def constant(task: Task, classes: int, train: NDArray[Any], rows: int, metric: str) -> NDArray[Any]:
    """Return the best prediction that uses no feature: class shares, the mean, or for mae the median."""
    if task is Task.REGRESSION:
        value = np.median(train) if metric == "mae" else train.mean()
        return np.full(rows, float(value))
    shares = np.bincount(train, minlength=classes) / len(train)
    return np.tile(shares, (rows, 1))
