"""A dataset as tensors: what every fit and every trial reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import Target, Transform
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.encode import encode, encode_target

if TYPE_CHECKING:
    import pyarrow as pa
    import torch
    from torch import Tensor

__all__ = ["ModelSignature", "Rows", "Tensors", "load_tensors", "signature_of"]


class ModelSignature(Signature):
    """What a network takes and gives; a user's `build_model` gets it first.

    Besides the raw columns: `numeric` names the columns of the float32 input, `categorical` those of the int64 input,
    `cardinalities` is how many codes each of these has.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    cardinalities: tuple[int, ...]

    @property
    def outputs(self) -> int:
        """How many numbers a network gives per row: a logit per class, or one standardised value."""
        return 1 if self.task is Task.REGRESSION else len(self.classes)


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
    """Training and validation rows, and what they mean."""

    train: Rows
    validation: Rows
    signature: ModelSignature
    target: Target

    def sampled(self, fraction: float, seed: int) -> Tensors:
        """Return the same with a share of the training rows, drawn at random; at least two rows."""
        if fraction >= 1:
            return self
        import torch

        generator = torch.Generator().manual_seed(seed)
        count = max(2, round(fraction * len(self.train)))
        chosen = torch.randperm(len(self.train), generator=generator)[:count].sort().values
        return replace(self, train=self.train.take(chosen))


def signature_of(dataset: Dataset, transform: Transform) -> ModelSignature:
    """Return what a model of the dataset takes and gives."""
    schema = dataset.schema
    return ModelSignature(
        task=schema.task,
        target=schema.target,
        classes=transform.target.classes,
        inputs=schema.features,
        notation=schema.notation,
        merged_classes=schema.merged_classes,
        left_out_classes=schema.left_out_classes,
        numeric=tuple(transform.numeric_names),
        categorical=tuple(transform.categorical_names),
        cardinalities=tuple(transform.cardinalities),
    )


def load_tensors(dataset: Dataset, *, row_fraction: float = 1.0, seed: int = 7) -> Tensors:
    """Read and encode the training and validation rows of a dataset.

    Args:
        dataset: an opened dataset.
        row_fraction: share of the training rows to keep.
        seed: decides which.

    Raises:
        TrainingError: ``no_rows`` for an empty split.
        DataError: as `encode_target`.
    """
    transform = dataset.transform()
    loaded = {}
    for split in ("train", "validation"):
        table = dataset.table(split, [*dataset.schema.features, dataset.schema.target])
        if table.num_rows == 0:
            raise TrainingError(
                "no_rows",
                f"Training needs rows in every split, but {split} has none.",
                remedy="Change preparation.split.",
            )
        loaded[split] = _rows(table, dataset, transform)
    tensors = Tensors(loaded["train"], loaded["validation"], signature_of(dataset, transform), transform.target)
    return tensors.sampled(row_fraction, seed)


def _rows(table: pa.Table, dataset: Dataset, transform: Transform) -> Rows:
    import torch

    encoded = encode(transform, feeds_from_table(table, dataset.schema.features))
    target = np.array(encode_target(transform, table[dataset.schema.target]))
    return Rows(torch.from_numpy(encoded.numeric), torch.from_numpy(encoded.categorical), torch.from_numpy(target))
