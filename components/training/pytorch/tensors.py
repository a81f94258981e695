"""A dataset as tensors: what every fit and every trial reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.contracts.transform import Target
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.training.data import ModelSignature, Split, TrainingData
from sevenfold.training.encode import encode

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Rows", "Tensors", "load_tensors"]


@dataclass(frozen=True)
class Rows:
    """Encoded rows.

    `numeric` is float32 ``[n, N]``, `categorical` int64 ``[n, C]``, `target` int64 class index or float32 standardised
    value, ``[n]``.
    """

    numeric: Tensor
    categorical: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def to(self, device: torch.device) -> Rows:
        """Return the rows on a device; the same tensors where they lie there already."""
        return Rows(self.numeric.to(device), self.categorical.to(device), self.target.to(device))

    def take(self, order: Tensor) -> Rows:
        """Return the rows in another order, or some of them."""
        return Rows(
            self.numeric.index_select(0, order),
            self.categorical.index_select(0, order),
            self.target.index_select(0, order),
        )


@dataclass(frozen=True)
class Tensors:
    """Training and validation rows, what they mean, and how the threshold is chosen that `TrainingData` speaks of."""

    train: Rows
    validation: Rows
    signature: ModelSignature
    target: Target
    rule: ThresholdRule | None = None


def load_tensors(data: TrainingData) -> Tensors:
    """Read and encode the training and validation rows, once for all who ask for them.

    Raises:
        TrainingError: ``no_rows`` for an empty split.
        DataError: as `encode_target`.
    """
    return data.once("tensors", lambda: _load(data))


def _load(data: TrainingData) -> Tensors:
    return Tensors(_rows(data, "train"), _rows(data, "validation"), data.signature, data.transform.target, data.rule)


def _rows(data: TrainingData, split: Split) -> Rows:
    import torch

    encoded = encode(data.transform, data.feeds(split))
    target = data.encoded_target(split)
    return Rows(torch.from_numpy(encoded.numeric), torch.from_numpy(encoded.categorical), torch.from_numpy(target))
