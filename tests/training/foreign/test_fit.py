"""A scikit-learn model by way of `train` predicts, as model.onnx, what scikit-learn predicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_models import FORESTS, frame

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Kind
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.export.join import with_threshold
from sevenfold.training.foreign.fit import FittedForeign
from sevenfold.training.foreign.kind import ForeignKind
from sevenfold.training.source import TRAIN, load_source

Write = Callable[[str], str]


def fitted(dataset: Dataset, path: str, section: TrainingSection, **settings: Any) -> tuple[FittedForeign, Any]:
    """Return the fit, and the model that scikit-learn made in it."""
    source = load_source(path, TRAIN)
    kind = ForeignKind(source)
    metric = "log_loss" if dataset.schema.classes else "rmse"
    fit = kind.fit(kind.encode(TrainingData(dataset)), section.with_settings(settings), metric)
    return fit, source.function.models[-1]


def served(fit: FittedForeign, data: TrainingData, tmp_path: Path, threshold: float | None = None) -> Prediction:
    content = fit.onnx_bytes(data)
    (tmp_path / "model.onnx").write_bytes(content if threshold is None else with_threshold(content, threshold))
    return Scorer(tmp_path / "model.onnx", data.signature).predict(data.feeds("validation"))


@pytest.mark.parametrize("target", ["dataset.target()", "dataset.labels()"])
@pytest.mark.parametrize("name", ["mixed", "iris"])
def test_classes_are_scikit_learns(
    name: str, target: str, request: pytest.FixtureRequest, source: Write, tmp_path: Path, section: TrainingSection
) -> None:
    dataset = request.getfixturevalue(name)
    data = TrainingData(dataset)
    fit, model = fitted(dataset, source(FORESTS.replace("TARGET", target)), section, trees=5)
    expected = model.predict_proba(frame(dataset, "validation"))
    named = [data.signature.classes[label] if target.endswith("target()") else label for label in model.classes_]
    expected = expected[:, [named.index(label) for label in data.signature.classes]]
    assert len(model[-1].estimators_) == 5
    for given in (fit.validation, served(fit, data, tmp_path).probabilities):
        assert given is not None
        np.testing.assert_allclose(given, expected, atol=1e-6)
    assert np.ptp(expected) > 0.5


def test_values_are_scikit_learns(diabetes: Dataset, source: Write, tmp_path: Path, section: TrainingSection) -> None:
    fit, model = fitted(diabetes, source(FORESTS.replace("TARGET", "dataset.target()")), section)
    expected = model.predict(frame(diabetes, "validation"))
    assert np.ptp(expected) > 50
    for given in (fit.validation, served(fit, TrainingData(diabetes), tmp_path).values):
        assert given is not None and given.dtype == np.float64
        np.testing.assert_allclose(given, expected, rtol=1e-6)
    truth = diabetes.table("validation")["target"].to_numpy()
    assert fit.score == pytest.approx(np.sqrt(np.mean((expected - truth) ** 2)), rel=1e-6)


def test_the_threshold_decides_the_label(
    mixed: Dataset, source: Write, tmp_path: Path, section: TrainingSection
) -> None:
    fit, _ = fitted(mixed, source(FORESTS.replace("TARGET", "dataset.labels()")), section)
    prediction = served(fit, TrainingData(mixed), tmp_path, threshold=0.2)
    assert prediction.probabilities is not None and prediction.labels is not None
    said = prediction.labels == "yes"
    np.testing.assert_array_equal(said, prediction.probabilities[:, 1] >= np.float32(0.2))
    assert 0 < said.sum() > (prediction.probabilities[:, 1] >= 0.5).sum()


def test_the_seed_decides_what_scikit_learn_draws(mixed: Dataset, source: Write, section: TrainingSection) -> None:
    path, data = source(FORESTS.replace("TARGET", "dataset.target()")), TrainingData(mixed)
    before = np.random.get_state()[1].tolist()
    first, again, other = (fitted(mixed, path, section.replaced(seed=seed))[0].onnx_bytes(data) for seed in (1, 1, 2))
    assert first == again != other
    assert np.random.get_state()[1].tolist() == before


def test_settings_are_recorded_as_they_were_given(mixed: Dataset, source: Write, section: TrainingSection) -> None:
    planned = section.replaced(settings={"epochs": 40, "trees": 3})
    fit, model = fitted(mixed, source(FORESTS.replace("TARGET", "dataset.target()")), planned, trees=4)
    assert fit.recorded == {"epochs": 40, "trees": 4} and len(model[-1].estimators_) == 4


def test_class_weights_reach_the_fit(mixed: Dataset, source: Write, section: TrainingSection) -> None:
    path = source(FORESTS.replace("TARGET", "dataset.target()"))
    means = [
        fitted(mixed, path, section.replaced(class_weights=weights))[0].validation[:, 1].mean()
        for weights in ({}, {"yes": 20.0})
    ]
    assert means[1] > means[0] + 0.1


def test_pandas_has_the_columns_as_serving_feeds_them(mixed: Dataset) -> None:
    from sevenfold.training.foreign.dataset import dataset_of

    rows = dataset_of(TrainingData(mixed), TrainingSection(), "roc_auc").pandas("validation")
    table = mixed.table("validation")
    assert list(rows) == list(mixed.schema.features)
    for name, column in mixed.schema.features.items():
        values, stored = rows[name].tolist(), table[name].to_pylist()
        missing = [value is None for value in stored]
        if column.kind is Kind.CATEGORY:
            assert values == ["" if value is None else value for value in stored]
            continue
        assert rows[name].dtype == np.float64 and np.isnan(values).tolist() == missing
        if column.kind is Kind.DATETIME:
            stored = [None if value is None else round(value.timestamp() * 1e6) for value in stored]
        assert [v for v, gone in zip(values, missing, strict=True) if not gone] == [v for v in stored if v is not None]
    assert any(table["x"].is_null().to_pylist()) and any(table["color"].is_null().to_pylist())


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("raise ValueError('no such thing')", "train", "raised ValueError: no such thing"),
        ("return dataset", "train", "gave TrainDataset"),
        ("import onnx; return onnx.ModelProto()", "model_graph", "ONNX Runtime .* must load the model"),
    ],
)
def test_a_train_that_fails_is_an_error(
    body: str, code: str, message: str, mixed: Dataset, source: Write, section: TrainingSection
) -> None:
    kind = ForeignKind(load_source(source(f"def train(dataset, settings):\n    {body}\n"), TRAIN))
    with pytest.raises(TrainingError, match=message) as caught:
        kind.fit(TrainingData(mixed), section, "roc_auc")
    assert caught.value.code == code


def test_a_source_without_train_is_an_error(source: Write) -> None:
    with pytest.raises(TrainingError, match=r"must define train\(dataset, settings\)"):
        load_source(source("def fit(): ...\n"), TRAIN)
