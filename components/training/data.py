"""The rows that models are fitted on and chosen by, read from a dataset as each kind of model wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import Transform
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.encode import encode_target

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ClassWeights", "ModelSignature", "Split", "TrainingData", "class_weights"]

Split = Literal["train", "validation"]
ClassWeights = Literal["balanced"] | Mapping[str, float]
Made = TypeVar("Made")
MIN_SAMPLE: Final = 2


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


class TrainingData:
    """Training and validation rows of a dataset.

    The rows themselves are not kept: every kind of model reads them once, and keeps them in its own form.

    Args:
        dataset: an opened dataset.
        row_fraction: share of the training rows to take, drawn at random; at least two rows.
        seed: decides which.
        most_rows: training rows at most, the first ones; None for all.
        rule: how the threshold of a binary model is chosen on the validation rows, at which metrics of predicted
            classes score a fit; None for 0.5.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        row_fraction: float = 1.0,
        seed: int = 7,
        most_rows: int | None = None,
        rule: ThresholdRule | None = None,
    ) -> None:
        self.dataset, self.rule = dataset, rule
        self._row_fraction, self._seed, self._most_rows = row_fraction, seed, most_rows
        self._made: dict[str, object] = {}

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """Return what `make` gave the first time that it was asked for under this key: rows in one kind's form, say."""
        if key not in self._made:
            self._made[key] = make()
        return cast(Made, self._made[key])

    @cached_property
    def transform(self) -> Transform:
        """What preparation fitted: fills, scales, levels, and the classes or the scale of the target."""
        return self.dataset.transform()

    @cached_property
    def signature(self) -> ModelSignature:
        """What a model of the dataset takes and gives."""
        schema, transform = self.dataset.schema, self.transform
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

    def table(self, split: Split, columns: Sequence[str]) -> pa.Table:
        """Return some columns of the rows that are taken, as the dataset holds them.

        Raises:
            TrainingError: ``no_rows`` for an empty split.
        """
        table = self.dataset.table(split, list(columns))
        if table.num_rows == 0:
            raise TrainingError(
                "no_rows",
                f"Training needs rows in every split, but {split} has none.",
                remedy="Change preparation.split.",
            )
        chosen = self._chosen(split, table.num_rows)
        return table if chosen is None else table.take(chosen)

    def feeds(self, split: Split) -> Mapping[str, NDArray[Any]]:
        """Return the raw columns as `model.onnx` takes them, an array ``[rows]`` each (see `scoring.feeds`).

        Raises:
            TrainingError: ``no_rows`` for an empty split.
        """
        return feeds_from_table(self.table(split, list(self.signature.inputs)), self.signature.inputs)

    def encoded_target(self, split: Split) -> NDArray[Any]:
        """Return the target as a network learns it: class index int64 ``[rows]``, or the standardised value, float32.

        Raises:
            DataError: as `encode_target`.
        """
        column = self.dataset.table(split, [self.signature.target])[self.signature.target]
        target = np.array(encode_target(self.transform, column))
        chosen = self._chosen(split, len(target))
        return target if chosen is None else target[chosen]

    @cached_property
    def truth(self) -> NDArray[Any]:
        """The target of the validation rows as metrics take it: class index, or the value in its own unit, float64."""
        return self.target("validation")

    def target(self, split: Split) -> NDArray[Any]:
        """Return the target as metrics take it: class index int64 ``[rows]``, or the value in its own unit, float64.

        Raises:
            DataError: as `encode_target`.
        """
        if self.signature.task is not Task.REGRESSION:
            return self.encoded_target(split)
        column = self.dataset.table(split, [self.signature.target])[self.signature.target]
        encode_target(self.transform, column)  # refuses a missing value
        values = np.array(column.cast("double").to_numpy())
        chosen = self._chosen(split, len(values))
        return values if chosen is None else values[chosen]

    def class_weights(self, given: ClassWeights) -> NDArray[np.float64] | None:
        """Return what a row of each class counts, ``[classes]``, as `class_weights`; None where all count 1.

        Raises:
            TrainingError: ``class_weights``.
        """
        return class_weights(given, self.signature.classes, lambda: self.encoded_target("train"))

    def _chosen(self, split: Split, rows: int) -> NDArray[np.int64] | None:
        """Return the positions of the rows that are taken, ascending; None for all."""
        if split != "train":
            return None
        if self._row_fraction >= 1:
            return None if self._most_rows is None else np.arange(min(self._most_rows, rows))
        count = max(MIN_SAMPLE, round(self._row_fraction * rows))
        chosen: NDArray[np.int64] = np.sort(np.random.default_rng(self._seed).permutation(rows)[:count])
        return chosen[: self._most_rows]


def class_weights(
    given: ClassWeights, classes: Sequence[str], target: Callable[[], NDArray[Any]]
) -> NDArray[np.float64] | None:
    """Return what a row of each class counts, ``[classes]``; None where all count 1.

    Args:
        given: weights by class, 1 where one is not named; or ``balanced``: rows / (classes × rows of the class).
        classes: of the target; empty for a target of numbers.
        target: gives the class index of the training rows, int64 ``[rows]``.

    Raises:
        TrainingError: ``class_weights`` for a class that the target does not have, or for a target of numbers.
    """
    strangers = [] if given == "balanced" else [name for name in given if name not in classes]
    if strangers or (given and not classes):
        known = f"its classes are {', '.join(classes[:10])}" if classes else "it is a number"
        raise TrainingError(
            "class_weights",
            f"training.class_weights must name classes of the target, but {strangers or given!r} is none: {known}.",
            remedy="Name the classes as the table has them, or leave class_weights out.",
        )
    if not given:
        return None
    if given == "balanced":
        counts = np.bincount(target(), minlength=len(classes))
        return np.asarray(counts.sum() / (len(classes) * np.maximum(counts, 1)), dtype=np.float64)
    return np.array([given.get(name, 1.0) for name in classes], dtype=np.float64)
