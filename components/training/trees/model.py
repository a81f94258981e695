"""Fitted trees: what they predict, their files, and their comparison with `model.onnx`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import FittedModel
from sevenfold.training.trees.compare import compare_hostile
from sevenfold.training.trees.graph import trees_bytes
from sevenfold.training.trees.library import lightgbm
from sevenfold.training.trees.rows import TreeRows
from sevenfold.training.trees.text import join_text

__all__ = ["MODEL", "FittedTrees", "loaded", "model_text", "sums"]

MODEL: Final = "model.lightgbm.txt"


@dataclass(frozen=True)
class FittedTrees(FittedModel):
    """Boosted trees; `blocks` are those of LightGBM's text, up to the best epoch."""

    rows: TreeRows
    blocks: tuple[str, ...]
    threads: int

    @property
    def text(self) -> str:
        """The model in LightGBM's own form; of values, it gives standardised ones."""
        return model_text(self.rows, self.blocks)

    @property
    def validation(self) -> NDArray[Any]:
        """What LightGBM predicts: probabilities, or values in the target's own unit, float64."""
        predicted = loaded(self.text).predict(self.rows.validation, num_threads=self.threads)
        return in_own_unit(predicted, self.rows)

    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`: columns, trees and sums in double precision, and the last step."""
        return trees_bytes(self.blocks, data.transform, data.signature.inputs)

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return the model in LightGBM's own form, whose columns are those of `feature_names`, by number."""
        return {MODEL: self.text.encode()}

    def check(self, data: TrainingData, model: bytes) -> float:
        """Compare `model.onnx` with LightGBM on rows that are made of the trees' own thresholds and sets.

        Raises:
            TrainingError: ``export_differs``.
        """
        return compare_hostile(loaded(self.text), self.blocks, data, model, threads=self.threads)


def model_text(rows: TreeRows, blocks: Sequence[str]) -> str:
    """Return the text of the model that has these trees."""
    return join_text(blocks, rows.task, len(rows.data.signature.classes), rows.train.shape[1])


def loaded(text: str) -> Any:
    """Return LightGBM's model of a text."""
    return lightgbm().Booster(model_str=text)


def sums(model: Any, matrix: NDArray[np.float64], *, threads: int) -> NDArray[np.float64]:
    """Return what a model's trees add up to, ``[rows]`` or ``[rows, classes]``, added as they were while it grew."""
    total: NDArray[np.float64] | None = None
    for number in range(model.current_iteration()):
        one = model.predict(matrix, raw_score=True, start_iteration=number, num_iteration=1, num_threads=threads)
        total = one if total is None else total + one
    assert total is not None  # noqa: S101 - a model has a tree
    return total


def in_own_unit(predicted: NDArray[np.float64], rows: TreeRows) -> NDArray[np.float64]:
    """Return LightGBM's prediction as metrics take it: ``[rows, classes]``, or values in the target's own unit."""
    if rows.task is Task.BINARY:
        return np.stack([1 - predicted, predicted], axis=1)
    if rows.task is Task.MULTICLASS:
        return predicted.reshape(-1, rows.outputs)
    target = rows.data.transform.target
    return np.asarray(predicted * target.scale + target.mean, dtype=np.float64)
