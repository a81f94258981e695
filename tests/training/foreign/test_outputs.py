"""Outputs are read for what they are; what is no prediction, or could mean two things, is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from foreign_models import graph
from numpy.typing import NDArray

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.signature import Signature
from sevenfold.training.data import TrainingData
from sevenfold.training.foreign.fit import scored
from sevenfold.training.foreign.outputs import OutputForm, output_form
from sevenfold.training.foreign.runtime import Port, Runner, outputs_of

THREE = Signature(task=Task.MULTICLASS, target="t", classes=("b", "c", "a"), inputs={"x": Column(kind=Kind.NUMBER)})
TWO = THREE.model_copy(update={"task": Task.BINARY, "classes": ("no", "yes")})
VALUE = THREE.model_copy(update={"task": Task.REGRESSION, "classes": ()})
SHARES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5]])
LOGITS = np.array([[3.0, -1.0, 0.0], [0.0, 2.0, 1.0], [-2.0, -1.0, 0.0]])


def form(signature: Signature, *outputs: tuple[str, str, NDArray[np.generic]]) -> OutputForm:
    ports = [Port(name, kind, (0,) * values.ndim) for name, kind, values in outputs]
    return output_form(ports, [values for _, _, values in outputs], signature)


def test_probabilities_without_labels_stand_in_the_order_of_the_classes() -> None:
    read = form(THREE, ("p", "FLOAT", SHARES))
    assert (read.logits, read.order) == (False, (0, 1, 2))
    np.testing.assert_array_equal(read.predicted(SHARES), SHARES)


@pytest.mark.parametrize("name", ["logits", "out"])
def test_logits_go_through_a_softmax(name: str) -> None:
    read = form(THREE, (name, "DOUBLE", LOGITS))
    expected = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(read.predicted(LOGITS), expected, rtol=1e-12)


def test_columns_are_brought_into_the_order_of_the_classes_by_the_labels() -> None:
    # a library that sorts its classes: the columns are a, b, c
    said = np.array(["a", "b", "c"], dtype=object)
    read = form(THREE, ("label", "STRING", said), ("p", "FLOAT", SHARES))
    assert read.order == (1, 2, 0)
    np.testing.assert_array_equal(read.predicted(SHARES), SHARES[:, [1, 2, 0]])


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_values_are_in_the_targets_unit(shape: tuple[int, ...]) -> None:
    values = np.array([3.0, -1e6, 0.5]).reshape(shape)
    np.testing.assert_array_equal(form(VALUE, ("variable", "FLOAT", values)).predicted(values), [3.0, -1e6, 0.5])


HALVES = np.full((3, 3), 0.4)
REFUSED = {
    "no sum of one": (THREE, [("p", "FLOAT", HALVES)], "a row sums to 1.2 to 1.2"),
    "scores beside a label": (
        THREE,
        [("label", "STRING", np.array(["a", "b", "c"], dtype=object)), ("scores", "FLOAT", LOGITS)],
        "'scores' is from -2 to 3 .* called 'logits'",
    ),
    "logits called probabilities": (THREE, [("probabilities", "FLOAT", LOGITS)], "raw_scores off"),
    "probabilities called logits": (THREE, [("logits", "FLOAT", SHARES)], "Call probabilities 'probabilities'"),
    "one column for two classes": (TWO, [("p", "FLOAT", SHARES[:, :1])], "Two classes need two columns"),
    "too few columns": (THREE, [("p", "FLOAT", SHARES[:, :2])], r"on 3 rows \[3, 2\]"),
    "no numbers": (THREE, [("label", "INT64", np.arange(3))], "the model gives 'label' INT64"),
    "two outputs of numbers": (THREE, [("p", "FLOAT", SHARES), ("q", "FLOAT", SHARES)], "Take the other outputs off"),
    "a label of a regression": (VALUE, [("v", "FLOAT", np.ones(3)), ("l", "INT64", np.ones(3))], "regression model"),
    "two values a row": (VALUE, [("v", "FLOAT", np.ones((3, 2)))], r"on 3 rows \[3, 2\]"),
    "whole values": (VALUE, [("v", "INT64", np.ones(3))], "FLOAT or DOUBLE"),
    "dictionaries": (TWO, [("output_probability", "sequence", np.ones(3))], r"options=\{'zipmap': False\}"),
    "a label per two rows": (THREE, [("l", "INT64", np.arange(2)), ("p", "FLOAT", SHARES)], "on 2 rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_outputs_are_refused(case: str) -> None:
    signature, outputs, message = REFUSED[case]
    with pytest.raises(TrainingError, match=message) as caught:
        form(signature, *outputs)
    assert caught.value.code == "model_outputs"


def test_a_prediction_that_is_no_number_is_refused() -> None:
    broken = SHARES.copy()
    broken[1, 2] = np.nan
    with pytest.raises(TrainingError, match="not finite on 1 of 3 validation rows") as caught:
        form(THREE, ("p", "FLOAT", broken))
    assert caught.value.code == "loss_not_finite"


def test_a_zipmap_is_seen_in_the_graph(iris: Dataset) -> None:
    model = graph(
        """(float[rows, 4] X) => (float[rows, 3] out) {
        weights = Constant <value = float[4, 3] {1, 0, 0, 0, 1, 0, 0, 0, 1, -1, 0, 0}> ()
        shares = MatMul (X, weights)
        out = ai.onnx.ml.ZipMap <classlabels_strings = ["setosa", "versicolor", "virginica"]> (shares) }""",
        opsets='"": 18, "ai.onnx.ml": 1',
    )
    entry = onnx.helper.make_map_type_proto(
        onnx.TensorProto.STRING, onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [])
    )
    model.graph.output[0].type.CopyFrom(onnx.helper.make_sequence_type_proto(entry))
    assert outputs_of(model)[0].kind == "sequence"
    with pytest.raises(TrainingError, match="'zipmap': False"):
        scored(model, TrainingData(iris), "log_loss", {})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (graph("(float[r, 4] x) => (float[r, 4] y) { y = ours.Magic (x) }", opsets='"": 18, "ours": 1'), "ours.Magic"),
        (graph("(float[r, 4] x) => (float[r, 4] y) { y = Identity (x) }", opsets='"": 99'), "ai.onnx 99.*target_opset"),
        (graph("(float[r, 4] x) => (float[r, 4] y) { y = Identity (x) }", ir=99), "IR 99"),
        (graph("(float[r, 4] x) => (float[r, 4] y) { y = Identity (z) }"), "must load the model"),
    ],
    ids=["operators", "opset", "ir", "broken"],
)
def test_a_graph_that_does_not_run_is_refused(model: onnx.ModelProto, message: str) -> None:
    with pytest.raises(TrainingError, match=message) as caught:
        Runner(model)
    assert caught.value.code == "model_graph"


def test_weights_in_another_file_are_refused() -> None:
    model = graph("(float[r, 4] x) => (float[r, 4] y) <float[4] w = {1, 1, 1, 1}> { y = Add (x, w) }")
    assert np.array_equal(Runner(model).run({"x": np.ones((2, 4), np.float32)}, 2)[0], np.full((2, 4), 2))
    weights = onnx.numpy_helper.from_array(np.ones(4, np.float32), "w")
    onnx.external_data_helper.set_external_data(weights, "weights.bin")
    inner = graph("(float[r, 4] x) => (float[r, 4] y) { w = Constant () y = Add (x, w) }")
    inner.graph.node[0].attribute.append(onnx.helper.make_attribute("value", weights))
    model.graph.initializer[0].CopyFrom(weights)
    for outside in (model, inner):
        with pytest.raises(TrainingError, match="some are in another file") as caught:
            Runner(outside)
        assert caught.value.code == "external_data"


def test_a_graph_that_fails_on_the_rows_is_refused() -> None:
    model = graph("(float[r, 4] x) => (float[5, 4] y) { s = Constant <value_ints = [5, 4]> () y = Reshape (x, s) }")
    with pytest.raises(TrainingError, match="must predict the dataset's rows"):
        Runner(model).run({"x": np.ones((3, 4), np.float32)}, 3)


def test_an_output_without_a_row_per_row_is_refused() -> None:
    model = graph("""(float[r, 4] x) => (float[1, r] y) {
        one = Constant <value_ints = [1]> ()   wide = Constant <value_ints = [1, -1]> ()
        sum = ReduceSum <keepdims = 0> (x, one)   y = Reshape (sum, wide) }""")
    with pytest.raises(TrainingError, match=r"'y' has \[1, 3\] for 3 rows"):
        Runner(model).run({"x": np.ones((3, 4), np.float32)}, 3)
