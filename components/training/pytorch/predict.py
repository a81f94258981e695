"""Predictions of a network and the true targets, in the form that metrics take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.training.data import ModelSignature
from sevenfold.training.pytorch.tensors import Rows, Tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["predict", "truth_of"]

CHUNK: Final = 8_192  # rows scored at once


def predict(network: nn.Module, rows: Rows, signature: ModelSignature) -> tuple[NDArray[Any], Tensor]:
    """Return probabilities ``[n, classes]`` or standardised values ``[n]`` (float32), and the raw outputs.

    The network and the rows lie on one device; the outputs stay there.
    """
    import torch

    network.eval()
    with torch.no_grad():
        parts = [
            network(rows.numeric[start : start + CHUNK], rows.categorical[start : start + CHUNK])
            for start in range(0, len(rows), CHUNK)
        ]
        outputs = torch.cat(parts)
        if signature.task is Task.REGRESSION:
            predicted: NDArray[Any] = outputs.reshape(-1).cpu().numpy()
            return predicted, outputs
        predicted = outputs.softmax(1).cpu().numpy()
        return predicted, outputs


def truth_of(rows: Rows, tensors: Tensors) -> NDArray[Any]:
    """Return the target as `score` takes it: class index, or the value in the target's own unit."""
    target: NDArray[Any] = rows.target.cpu().numpy()
    if tensors.signature.task is not Task.REGRESSION:
        return target
    values: NDArray[np.float64] = target.astype(np.float64) * tensors.target.scale + tensors.target.mean
    return values
