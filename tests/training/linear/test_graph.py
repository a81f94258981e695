"""`linear.onnx`: what was fitted, from raw columns to the prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sevenfold.contracts.bundle import FORMAT_VERSION, Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.linear.fit import fit_linear
from sevenfold.training.linear.graph import linear_bytes
from sevenfold.training.pytorch.tensors import load_tensors
from sevenfold.training.train import train


def outputs(dataset: Dataset, split: str = "validation") -> tuple[np.ndarray, np.ndarray]:
    """What the fitted weights give for the rows of a split, and what the file gives."""
    tensors = load_tensors(TrainingData(dataset))
    model, rows = fit_linear(tensors), getattr(tensors, split)
    numbers = np.clip((rows.numeric.numpy() - model.center) / model.scale, -10, 10)
    codes = rows.categorical.numpy()[:, list(model.columns)] + np.array(model.starts, dtype=np.int64)
    expected = numbers @ model.weights + model.levels[codes].sum(1) + model.bias
    folder = dataset.folder.parent
    path = folder / "linear-of-a-test.onnx"
    path.write_bytes(linear_bytes(model, dataset.transform(), tensors.signature.inputs))
    signature = tensors.signature
    prediction = Scorer(path, signature).predict(feeds_from_table(dataset.table(split), signature.inputs))
    given = prediction.values if prediction.probabilities is None else prediction.probabilities
    return expected, np.asarray(given)


@pytest.mark.parametrize("name", ["mixed", "iris"])
def test_the_file_gives_the_probabilities_that_were_fitted(name: str, request: pytest.FixtureRequest) -> None:
    expected, given = outputs(request.getfixturevalue(name))
    odds = np.exp(expected - expected.max(1, keepdims=True))
    np.testing.assert_allclose(given, odds / odds.sum(1, keepdims=True), atol=1e-6)


def test_the_file_gives_the_values_that_were_fitted_in_their_own_unit(diabetes: Dataset) -> None:
    expected, given = outputs(diabetes)
    target = diabetes.transform().target
    np.testing.assert_allclose(given, expected[:, 0] * target.scale + target.mean, rtol=1e-5)
    raw = {split: diabetes.table(split).to_pandas() for split in ("train", "validation")}
    names = [f"c{index}" for index in range(10)]
    mean, deviation = raw["train"][names].mean(), raw["train"][names].std(ddof=0)
    oracle = Ridge(alpha=1.0).fit((raw["train"][names] - mean) / deviation, raw["train"]["target"])
    np.testing.assert_allclose(given, oracle.predict((raw["validation"][names] - mean) / deviation), rtol=2e-3)


def test_training_puts_it_into_the_bundle(mixed: Dataset, section: TrainingSection, tmp_path: Path) -> None:
    digests = {"data": "d", "plan": "p"}
    train(mixed.folder, None, section, "roc_auc", tmp_path / "bundle", name="t", digests=digests)
    bundle = Bundle.open(tmp_path / "bundle")
    assert bundle.info.version == FORMAT_VERSION
    assert bundle.linear_path is not None and "linear.onnx" in bundle.manifest.files
    feeds = feeds_from_table(mixed.table("test"), bundle.signature.inputs)
    one, other = (Scorer(path, bundle.signature).predict(feeds) for path in (bundle.linear_path, bundle.model_path))
    assert one.probabilities is not None and other.probabilities is not None
    assert one.probabilities.shape == other.probabilities.shape
    assert np.abs(one.probabilities - other.probabilities).max() > 1e-3
