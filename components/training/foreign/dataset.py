"""What the user's ``train(dataset, settings)`` gets: the rows, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind
from sevenfold.contracts.signature import MISSING
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import ModelSignature, Split, TrainingData
from sevenfold.training.encode import Encoded, encode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["TrainDataset", "as_numbers", "dataset_of"]


@dataclass(frozen=True)
class TrainDataset:
    """Training and validation rows for scikit-learn, XGBoost, LightGBM, statsmodels and the like.

    `train` and `validation` are Arrow tables of the features and the target, as preparation refined them: numbers
    double, integers int64, booleans bool, categories string, datetimes timestamp[us, UTC], null for a missing value.
    Most libraries rather want `pandas`::

        def train(dataset, settings):
            model = make_pipeline(..., LogisticRegression(C=settings.get("C", 1.0)))
            model.fit(dataset.pandas("train"), dataset.target("train"))
            return convert_sklearn(model, initial_types=..., options={"zipmap": False})

    Attributes:
        train: the rows to fit on; during tuning perhaps a sample of them.
        validation: the rows that choose settings; a library may stop early by them.
        signature: the inputs with their kinds, the target, the task and the classes.
        class_weights: what a row of each class counts, by class; empty where all count 1.
        metric: what the plan chooses models by, such as ``roc_auc``.
        seed: for whatever is drawn. Python's and numpy's own generators are seeded with it before every call.
        threads: CPU threads to use.
        device: ``cpu``, or ``cuda`` where the plan asks for a GPU; what that means, the library knows.
    """

    train: pa.Table
    validation: pa.Table
    signature: ModelSignature
    class_weights: Mapping[str, float]
    metric: str
    seed: int
    threads: int
    device: str
    _data: TrainingData = field(repr=False)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the feature columns, in order."""
        return tuple(self.signature.inputs)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, the positive one last; empty for a regression."""
        return self.signature.classes

    def pandas(self, split: Split = "train") -> pd.DataFrame:
        """Return the features exactly as the model's inputs get them in serving, in order, without an index.

        Numbers, integers and booleans are float64, NaN where missing. Categories are str, "" where missing. Datetimes
        are float64 microseconds since 1970 UTC, NaN where missing.
        """
        import pandas as pd

        return pd.DataFrame(as_numbers(self._data.feeds(split), self.signature))

    def encoded(self, split: Split = "train") -> Encoded:
        """Return the features as the built-in network gets them, for a model with inputs `numeric` and `categorical`.

        `numeric` is float32 ``[rows, N]``, scaled, without missing values; `categorical` int64 ``[rows, C]``. Their
        columns are `signature.numeric` and `signature.categorical`.
        """
        return encode(self._data.transform, self._data.feeds(split))

    def target(self, split: Split = "train") -> NDArray[Any]:
        """Return the target: index into `classes`, int64 ``[rows]``, or the value in its own unit, float64 ``[rows]``.

        A model that is fitted on the index gives its probabilities in the order of `classes`.
        """
        return self._data.target(split)

    def labels(self, split: Split = "train") -> NDArray[np.object_]:
        """Return the target as the names of the classes, str ``[rows]``."""
        names = np.array(self.classes, dtype=object)
        return np.asarray(names[self._data.target(split)], dtype=object)

    def sample_weight(self) -> NDArray[np.float64] | None:
        """Return what each training row counts by `class_weights`, float64 ``[rows]``; None where all count 1."""
        if not self.class_weights:
            return None
        of_class = np.array([self.class_weights[name] for name in self.classes], dtype=np.float64)
        return np.asarray(of_class[self._data.target("train")])


def dataset_of(data: TrainingData, section: TrainingSection, metric: str) -> TrainDataset:
    """Return what `train` gets for the rows and the plan's section.

    Raises:
        TrainingError: ``no_rows``, ``class_weights``.
    """
    signature = data.signature
    columns = [*signature.inputs, signature.target]
    weights = data.class_weights(section.class_weights)
    return TrainDataset(
        train=data.table("train", columns),
        validation=data.table("validation", columns),
        signature=signature,
        class_weights={} if weights is None else dict(zip(signature.classes, weights.tolist(), strict=True)),
        metric=metric,
        seed=section.seed,
        threads=section.threads,
        device=section.device.value,
        _data=data,
    )


def as_numbers(feeds: Mapping[str, NDArray[Any]], signature: ModelSignature) -> dict[str, NDArray[Any]]:
    """Return an array per feature: that of the feeds, or for a datetime its microseconds with NaN where missing."""
    columns = {}
    for name, column in signature.inputs.items():
        values = feeds[name]
        if column.kind is Kind.DATETIME:
            values = np.where(feeds[name + MISSING], np.nan, values.astype(np.float64))
        columns[name] = values
    return columns
