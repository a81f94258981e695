"""A dataset as arrays: what every fit and every trial reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.transform import Target
from sevenfold.training.data import ModelSignature, Split, TrainingData
from sevenfold.training.encode import encode

__all__ = ["Rows", "Splits", "load_rows"]


@dataclass(frozen=True)
class Rows:
    """Encoded rows.

    `numeric` is float32 ``[n, N]``, `categorical` int64 ``[n, C]``, `target` int64 class index or float32 standardised
    value, ``[n]``.
    """

    numeric: NDArray[np.float32]
    categorical: NDArray[np.int64]
    target: NDArray[Any]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, order: NDArray[np.int64]) -> Rows:
        """Return the rows in another order, or some of them."""
        return Rows(self.numeric[order], self.categorical[order], self.target[order])


@dataclass(frozen=True)
class Splits:
    """Training and validation rows, what they mean, and what metrics compare with: `truth` of the validation rows."""

    train: Rows
    validation: Rows
    signature: ModelSignature
    target: Target
    truth: NDArray[Any]
    data: TrainingData


def load_rows(data: TrainingData) -> Splits:
    """Read and encode the training and validation rows, once for all who ask for them.

    Raises:
        TrainingError: ``no_rows`` for an empty split.
        DataError: as `encode_target`.
    """
    return data.once("arrays", lambda: _load(data))


def _load(data: TrainingData) -> Splits:
    train, validation = _rows(data, "train"), _rows(data, "validation")
    return Splits(train, validation, data.signature, data.transform.target, data.truth, data)


def _rows(data: TrainingData, split: Split) -> Rows:
    encoded = encode(data.transform, data.feeds(split))
    return Rows(encoded.numeric, encoded.categorical, data.encoded_target(split))
