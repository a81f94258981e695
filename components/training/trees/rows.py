"""Training and validation rows as LightGBM reads them, and its binned data set, made once for many fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.features import categories, feature_matrix
from sevenfold.training.trees.library import lightgbm

__all__ = ["TreeRows", "load_rows"]

OF_BINS: Final = ("max_bin", "data_random_seed", "feature_pre_filter", "num_threads", "force_col_wise", "verbosity")


@dataclass(frozen=True)
class TreeRows:
    """Encoded rows.

    `train` and `validation` are float64 ``[rows, F]`` as `feature_matrix` makes them, the targets class indices int64
    or standardised values float32, ``[rows]``. `categorical` are the positions of the categories.
    """

    data: TrainingData
    train: NDArray[np.float64]
    train_target: NDArray[Any]
    validation: NDArray[np.float64]
    validation_target: NDArray[Any]
    categorical: tuple[int, ...]
    _binned: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    @property
    def task(self) -> Task:
        """What the target is."""
        return self.data.signature.task

    @property
    def outputs(self) -> int:
        """How many sums of trees a row has: one per class where there are more than two."""
        return len(self.data.signature.classes) if self.task is Task.MULTICLASS else 1

    def binned(self, params: Mapping[str, Any], weights: NDArray[np.float64] | None) -> Any:
        """Return the training rows in LightGBM's bins, with the target and the weight of each row.

        The bins are kept, since trials share them.
        """
        key = (*(params[name] for name in OF_BINS), None if weights is None else weights.tobytes())
        if key not in self._binned:
            self._binned.clear()  # one is enough, and large
            self._binned[key] = self.dataset(params, self.weights(weights))
        return self._binned[key]

    def dataset(
        self, params: Mapping[str, Any], weight: NDArray[Any] | None, start: NDArray[np.float64] | None = None
    ) -> Any:
        """Return the training rows in LightGBM's bins; `start` is what the trees so far add up to for each of them."""
        return lightgbm().Dataset(
            self.train,
            self.train_target,
            weight=weight,
            init_score=start,
            categorical_feature=list(self.categorical),
            params=dict(params),
            free_raw_data=False,
        )

    def validating(self, params: Mapping[str, Any], binned: Any, start: NDArray[np.float64] | None = None) -> Any:
        """Return the validation rows in the bins of the training rows."""
        return lightgbm().Dataset(
            self.validation,
            self.validation_target,
            reference=binned,
            init_score=start,
            params=dict(params),
            free_raw_data=False,
        )

    def weights(self, classes: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Return what each training row counts; None where all count 1."""
        return None if classes is None else classes[self.train_target]


def load_rows(data: TrainingData) -> TreeRows:
    """Read and encode the training and validation rows.

    Raises:
        TrainingError: ``no_rows`` for an empty split.
        DataError: as `encode_target`.
    """
    transform = data.transform
    train = feature_matrix(transform, data.feeds("train"))
    width = train.shape[1]
    count = len(categories(transform))
    return TreeRows(
        data=data,
        train=train,
        train_target=data.encoded_target("train"),
        validation=feature_matrix(transform, data.feeds("validation")),
        validation_target=data.encoded_target("validation"),
        categorical=tuple(range(width - count, width)),
    )
