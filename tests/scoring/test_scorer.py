from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import IntegrityError, ServingError
from sevenfold.contracts.schema import Column, Notation, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import Transform
from sevenfold.scoring.feeds import feeds_from_rows
from sevenfold.scoring.scorer import Scorer

ROWS = [{"distance": float(index), "seats": index, "carrier": "UA", "due": None} for index in range(5)]
ModelFile = Callable[..., Path]


def _signature(inputs: dict[str, Column], task: Task = Task.BINARY) -> Signature:
    classes = () if task is Task.REGRESSION else ("no", "yes")
    return Signature(task=task, target="late", classes=classes, inputs=inputs)


def test_classes_are_scored_as_onnx_runtime_scores_them(
    model_file: ModelFile, transform: Transform, inputs: dict[str, Column]
) -> None:
    path, feeds = model_file(transform), feeds_from_rows(ROWS, inputs, Notation())
    labels, probabilities = onnxruntime.InferenceSession(path).run(None, feeds)
    prediction = Scorer(path, _signature(inputs)).predict(feeds)
    assert prediction.values is None
    assert prediction.labels is not None
    assert prediction.probabilities is not None
    assert prediction.labels.tolist() == labels.tolist()
    assert np.array_equal(prediction.probabilities, probabilities)


def test_values_are_float64(model_file: ModelFile, regression: Transform, inputs: dict[str, Column]) -> None:
    prediction = Scorer(model_file(regression), _signature(inputs, Task.REGRESSION)).predict(
        feeds_from_rows(ROWS, inputs, Notation())
    )
    assert prediction.labels is None
    assert prediction.probabilities is None
    assert prediction.values is not None
    assert prediction.values.dtype == np.float64
    assert prediction.values.shape == (5,)


def test_feeds_of_other_columns_do_not_matter(
    model_file: ModelFile, transform: Transform, inputs: dict[str, Column]
) -> None:
    scorer, feeds = Scorer(model_file(transform), _signature(inputs)), feeds_from_rows(ROWS, inputs, Notation())
    backwards = {"more": np.zeros(5), **dict(reversed(list(feeds.items())))}
    first, second = scorer.predict(feeds).probabilities, scorer.predict(backwards).probabilities
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_poisoned_weights_are_noticed(
    model_file: ModelFile, regression: Transform, inputs: dict[str, Column], poison: float
) -> None:
    path = model_file(regression)
    model = onnx.load(path)
    weights = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("weights"))
    values = numpy_helper.to_array(weights).copy()
    values[:] = poison
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    onnx.save(model, path)
    with pytest.raises(ServingError) as refused:
        Scorer(path, _signature(inputs, Task.REGRESSION)).predict(feeds_from_rows(ROWS, inputs, Notation()))
    assert refused.value.code == "nonfinite_output"


@pytest.mark.parametrize("content", [b"", b"no model", b"\x80\x05cos\nsystem\n."])
def test_what_is_no_model_is_refused(tmp_path: Path, inputs: dict[str, Column], content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ServingError) as refused:
        Scorer(path, _signature(inputs))
    assert refused.value.code == "model_unreadable"


def test_a_model_of_other_columns_is_refused(
    model_file: ModelFile, transform: Transform, inputs: dict[str, Column]
) -> None:
    del inputs["seats"]
    with pytest.raises(ServingError, match="seats") as refused:
        Scorer(model_file(transform), _signature(inputs))
    assert refused.value.code == "signature_mismatch"


def test_a_model_of_another_task_is_refused(
    model_file: ModelFile, regression: Transform, inputs: dict[str, Column]
) -> None:
    with pytest.raises(ServingError) as refused:
        Scorer(model_file(regression), _signature(inputs))
    assert refused.value.code == "signature_mismatch"


def test_the_bytes_that_are_loaded_are_the_bytes_that_are_checked(
    model_file: ModelFile, transform: Transform, inputs: dict[str, Column]
) -> None:
    path, other = model_file(transform), model_file(transform, seed=8)
    Scorer(path, _signature(inputs), sha256=file_digest(path))
    with pytest.raises(IntegrityError) as refused:
        Scorer(path, _signature(inputs), sha256=file_digest(other))
    assert refused.value.code == "digest_mismatch"


def test_a_feed_that_lacks_is_told_without_a_traceback_of_the_runtime(
    model_file: ModelFile, transform: Transform, inputs: dict[str, Column]
) -> None:
    feeds = feeds_from_rows(ROWS, inputs, Notation())
    del feeds["carrier"]
    with pytest.raises(ServingError, match="carrier") as refused:
        Scorer(model_file(transform), _signature(inputs)).predict(feeds)
    assert refused.value.code == "model_failed"
