"""The rows that models are fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.tensors import load_tensors

SAMPLES = [(1.0, 3), (0.25, 3), (0.25, 4)]  # share and seed


def test_a_sample_is_a_share_of_the_training_rows(mixed: Dataset) -> None:
    whole, sample, other = (TrainingData(mixed, row_fraction=share, seed=seed) for share, seed in SAMPLES)
    rows = mixed.rows("train")
    assert len(sample.target("train")) == round(0.25 * rows)
    taken = sample.feeds("train")["x"]
    assert np.isin(taken[~np.isnan(taken)], whole.feeds("train")["x"]).all()
    assert not np.array_equal(taken, other.feeds("train")["x"], equal_nan=True)
    assert len(sample.target("validation")) == mixed.rows("validation"), "the rows that decide are never sampled"
    tensors = load_tensors(sample)
    assert len(tensors.train) == len(taken) and load_tensors(sample) is tensors


def test_feeds_and_target_are_of_the_same_rows(diabetes: Dataset) -> None:
    data, whole = TrainingData(diabetes, row_fraction=0.3), TrainingData(diabetes)
    every = np.stack(list(whole.feeds("train").values()), axis=1)
    targets = dict(zip(map(tuple, every), whole.target("train"), strict=True))
    taken = np.stack(list(data.feeds("train").values()), axis=1)
    assert [targets[tuple(row)] for row in taken] == data.target("train").tolist()


def test_balanced_weights_are_scikit_learns(iris: Dataset, mixed: Dataset) -> None:
    for dataset in (iris, mixed):
        data = TrainingData(dataset)
        codes = data.encoded_target("train")
        expected = compute_class_weight("balanced", classes=np.unique(codes), y=codes)
        weights = data.class_weights("balanced")
        assert weights is not None and weights == pytest.approx(expected)
        assert data.class_weights({}) is None


def test_a_weight_names_a_class(mixed: Dataset, diabetes: Dataset) -> None:
    data = TrainingData(mixed)
    name = data.signature.classes[1]
    assert data.class_weights({name: 3}).tolist() == [1.0, 3.0]  # type: ignore[union-attr]
    for strange, given in ((data, {"maybe": 2.0}), (TrainingData(diabetes), {"1": 2.0})):
        with pytest.raises(TrainingError, match="class_weights must name classes") as caught:
            strange.class_weights(given)
        assert caught.value.code == "class_weights"
