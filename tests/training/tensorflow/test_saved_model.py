"""The SavedModel, asked through TensorFlow's C library, against `model.onnx`."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.contracts.signature import Signature
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.training import TrainingSection
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.tensorflow_client import instances_of
from sevenfold.training.data import TrainingData
from sevenfold.training.export.join import with_threshold
from sevenfold.training.tensorflow.fit import Fitted, fit
from sevenfold.training.tensorflow.rows import load_rows

THRESHOLD = 0.35


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three classes, local time, and names that TensorFlow's own names may not have."""
    folder, random = tmp_path_factory.mktemp("odd"), np.random.default_rng(4)
    header = ["größe in cm", "label", "when/../x", "1", "class"]
    rows = []
    for index in range(300):
        size, label = float(random.normal()), str(random.choice(["ja", "nein", "vielleicht ", "🙂"]))
        hour = f"2024-{1 + index % 12:02d}-{1 + index % 28:02d} {index % 24:02d}:15"
        rows.append(
            [f"{size:.3f}", label, "" if index % 17 == 0 else hour, index % 2, "abc"[int(size > 0) + index % 2]]
        )
    with (folder / "odd.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    columns = {
        header[0]: Column(kind=Kind.NUMBER),
        header[1]: Column(kind=Kind.CATEGORY),
        header[2]: Column(kind=Kind.DATETIME, time_zone="America/New_York"),
        header[3]: Column(kind=Kind.BOOLEAN),
        header[4]: Column(kind=Kind.CATEGORY, role=Role.TARGET),
    }
    section = DataSection(source=str(folder / "odd.csv"), target="class", task=Task.MULTICLASS, columns=columns)
    prepare(folder / "odd.csv", section, PreparationSection(), folder / "dataset", max_features=50)
    return Dataset.open(folder / "dataset")


def scored(fitted: Fitted, data: TrainingData, folder: Path, feeds: Mapping[str, np.ndarray]) -> Prediction:
    model = fitted.onnx_bytes(data)
    if data.signature.task is Task.BINARY:
        model = with_threshold(model, THRESHOLD)
    (folder / "model.onnx").write_bytes(model)
    return Scorer(folder / "model.onnx", Signature.of(data.dataset.schema, data.signature.inputs)).predict(feeds)


def rows_of(data: TrainingData) -> Mapping[str, np.ndarray]:
    return feeds_from_table(data.dataset.table("test", list(data.signature.inputs)), data.signature.inputs)


def test_every_test_row_is_answered_as_by_model_onnx(fitted: Fitted, served: Any, tmp_path: Path) -> None:
    """The threshold and its two neighbours decide labels; rows of a request do not touch each other."""
    data = fitted.splits.data
    model, feeds = served(fitted.files(data, THRESHOLD)), rows_of(data)
    assert set(model.signature.inputs) == {"x", "small", "flag", "color", "when", "when:missing", "mail"}
    assert model.tags == ["serve"]
    single = {name: values[:1] for name, values in feeds.items()}
    none = {name: values[:0] for name, values in feeds.items()}
    answers, alone, empty = model.ask(feeds, single, none)
    expected = scored(fitted, data, tmp_path, feeds)
    assert expected.labels is not None and expected.probabilities is not None
    assert len(answers["label"]) == data.dataset.rows("test") > 50
    np.testing.assert_allclose(answers["probabilities"], expected.probabilities, rtol=0, atol=1e-6)
    assert answers["label"].tolist() == expected.labels.tolist()
    assert set(answers["label"]) == {"yes", "no"}
    np.testing.assert_allclose(alone["probabilities"][0], answers["probabilities"][0], rtol=0, atol=1e-7)
    assert len(empty["label"]) == 0


@pytest.mark.parametrize("name", ["odd", "diabetes"])
def test_other_tasks_and_any_names_are_answered_too(
    name: str, request: pytest.FixtureRequest, section: TrainingSection, served: Any, tmp_path: Path
) -> None:
    data = TrainingData(request.getfixturevalue(name))
    metric = "r2" if name == "diabetes" else "accuracy"
    fitted = fit(load_rows(data), section.replaced(max_epochs=1), metric)
    feeds = dict(rows_of(data))
    if name == "odd":
        feeds["label"] = np.where(np.arange(len(feeds["label"])) % 5 == 0, "never seen", feeds["label"])
    (answers,) = served(fitted.files(data, 0.5)).ask(feeds)
    expected = scored(fitted, data, tmp_path, feeds)
    if name == "diabetes":
        assert set(answers) == {"value"}
        np.testing.assert_allclose(answers["value"], expected.values, rtol=1e-6)
        return
    assert expected.labels is not None
    assert "when/../x:missing" in feeds
    np.testing.assert_allclose(answers["probabilities"], expected.probabilities, rtol=0, atol=1e-6)
    assert answers["label"].tolist() == expected.labels.tolist()


def test_a_model_that_differs_is_refused(fitted: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers alone and labels alone are looked at."""
    from sevenfold.training.tensorflow import saved_model

    data, real = fitted.splits.data, saved_model._last_step

    def shifted(outputs: Any, target: Any, threshold: float) -> dict[str, Any]:
        given = real(outputs, target, threshold)
        return {**given, "probabilities": given["probabilities"] + 3e-5}

    def relabelled(outputs: Any, target: Any, threshold: float) -> dict[str, Any]:
        return {**real(outputs, target, threshold), "label": real(outputs, target, 0.9)["label"]}

    for wrong in (shifted, relabelled):
        monkeypatch.setattr(saved_model, "_last_step", wrong)
        with pytest.raises(TrainingError) as caught:
            fitted.files(data, THRESHOLD)
        assert caught.value.code == "saved_model_differs"


def test_the_test_rows_change_nothing(fitted: Fitted, tmp_path: Path) -> None:
    """Without them, the same files are written."""
    data = fitted.splits.data

    class Without:
        schema = data.dataset.schema

        def table(self, split: str, columns: list[str]) -> Any:
            return data.dataset.table(split, columns)[:0]

    bare = TrainingData(data.dataset)
    expected = fitted.files(data, THRESHOLD)
    object.__setattr__(bare, "transform", data.transform)
    assert bare.signature == data.signature
    bare.dataset = Without()  # type: ignore[assignment]
    assert fitted.files(bare, THRESHOLD) == expected


def test_requests_and_answers_have_the_form_of_tensorflow_servings_protocol(fitted: Fitted, served: Any) -> None:
    """What its REST server makes of JSON: tensors by the signature's types, answered by row or by column."""
    predict = pytest.importorskip("tensorflow_serving.apis.predict_pb2", reason="needs tensorflow-serving-api")
    from sevenfold.training.tensorflow.library import tensorflow

    tf, data = tensorflow(), fitted.splits.data
    model, feeds = served(fitted.files(data, THRESHOLD)), rows_of(data)
    feeds = {name: values[:20] for name, values in feeds.items()}
    rows = json.loads(json.dumps({"instances": instances_of(feeds)}))["instances"]
    asked = predict.PredictRequest()
    asked.model_spec.name, asked.model_spec.signature_name = "flights", "serving_default"
    assert set(rows[0]) == set(model.signature.inputs)
    for name, entry in model.signature.inputs.items():
        column = [row[name] for row in rows]
        asked.inputs[name].CopyFrom(tf.make_tensor_proto(column, dtype=entry.dtype))
        assert [dim.size for dim in asked.inputs[name].tensor_shape.dim] == [20]
    back = predict.PredictRequest.FromString(asked.SerializeToString())
    texts = {"color", "mail"}
    sent = {name: tf.make_ndarray(tensor) for name, tensor in back.inputs.items()}
    sent = {name: np.array([v.decode() for v in a], object) if name in texts else a for name, a in sent.items()}
    answers, expected = model.ask(sent, feeds)
    answered = predict.PredictResponse()
    for name, entry in model.signature.outputs.items():
        answered.outputs[name].CopyFrom(tf.make_tensor_proto(answers[name].tolist(), dtype=entry.dtype))
    outputs = {name: tf.make_ndarray(tensor) for name, tensor in answered.outputs.items()}
    assert [label.decode() for label in outputs["label"]] == expected["label"].tolist()
    np.testing.assert_array_equal(outputs["probabilities"], expected["probabilities"].astype(np.float32))


def test_the_weights_are_readable_without_tensorflow(fitted: Fitted) -> None:
    from safetensors.numpy import load

    weights = load(fitted.files(fitted.splits.data, 0.5)["model.safetensors"])
    assert sum(array.size for name, array in weights.items() if "seed" not in name) == fitted.size
    assert replace(fitted).score == fitted.score
