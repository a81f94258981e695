import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper, version_converter

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.contracts.transform import CategoryFeature, NumberFeature, Target, Transform
from sevenfold.scoring.feeds import Feeds, feeds_from_rows
from sevenfold.training.encode import encode
from sevenfold.training.export.graph import join_graphs, model_bytes, preprocessing_graph

ROWS = [
    {"distance": 1500.0, "seats": 200, "carrier": "UA", "due": "2013-03-01T10:15"},
    {"distance": None, "seats": None, "carrier": "unheard of", "due": None},
    {"distance": -1e12, "seats": 0, "carrier": "", "due": "1969-12-31T23:59"},
]
Network = Callable[..., onnx.ModelProto]


def _run(model: onnx.ModelProto, feeds: Feeds) -> list[np.ndarray]:
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model_bytes(model)).run(None, feeds)


def _by_hand(transform: Transform, network: onnx.ModelProto, feeds: Feeds) -> np.ndarray:
    """Return what the linear network gives, computed with numpy in float64."""
    weights, table = (numpy_helper.to_array(tensor) for tensor in network.graph.initializer[:2])
    encoded = encode(transform, feeds)
    return encoded.numeric.astype(np.float64) @ weights + table[encoded.categorical[:, 0]]


def test_logits_become_probabilities_and_labels(
    transform: Transform, inputs: dict[str, Column], network: Network
) -> None:
    feeds, net = feeds_from_rows(ROWS, inputs, Notation()), network(transform, width=2)
    labels, probabilities = _run(join_graphs(preprocessing_graph(transform, inputs), net, transform), feeds)
    logits = _by_hand(transform, net, feeds)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert probabilities.dtype == np.float32
    assert probabilities == pytest.approx(expected, abs=1e-6)
    assert labels.tolist() == [("no", "yes")[index] for index in expected.argmax(axis=1)]


def test_values_get_their_unit_back(regression: Transform, inputs: dict[str, Column], network: Network) -> None:
    feeds, net = feeds_from_rows(ROWS, inputs, Notation()), network(regression, width=1)
    (values,) = _run(join_graphs(preprocessing_graph(regression, inputs), net, regression), feeds)
    assert values.dtype == np.float64
    assert values.shape == (3,)
    assert values == pytest.approx(100.0 + 10.0 * _by_hand(regression, net, feeds)[:, 0], rel=1e-5)


def test_a_network_may_multiply_by_a_vector(regression: Transform, inputs: dict[str, Column], network: Network) -> None:
    """ONNX Runtime 1.32 is wrong where a Transpose comes right before it."""
    feeds = feeds_from_rows(ROWS, inputs, Notation())
    width = len(regression.numeric_names)
    weights = np.arange(1, width + 1, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numeric", "weights"], ["out"])],
        "network",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", width])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["rows"])],
        [numpy_helper.from_array(weights, "weights")],
    )
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (values,) = _run(join_graphs(preprocessing_graph(regression, inputs), net, regression), feeds)
    assert values == pytest.approx(100.0 + 10.0 * (encode(regression, feeds).numeric @ weights), rel=1e-5)


def test_the_model_keeps_no_trace_of_where_it_was_made(
    transform: Transform, inputs: dict[str, Column], network: Network
) -> None:
    joined = join_graphs(preprocessing_graph(transform, inputs), network(transform, width=2), transform)
    assert b"/home/someone" not in model_bytes(joined)


def test_the_graphs_that_go_in_stay_as_they_are(
    transform: Transform, inputs: dict[str, Column], network: Network
) -> None:
    preprocessing, net = preprocessing_graph(transform, inputs), network(transform, width=2)
    before = model_bytes(preprocessing), model_bytes(net)
    join_graphs(preprocessing, net, transform)
    assert (model_bytes(preprocessing), model_bytes(net)) == before


def test_another_process_writes_the_same_bytes(model_file: Callable[..., Path], transform: Transform) -> None:
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import networks as c;"
        "t = c.Transform(features=c.FEATURES, target=c.Target(classes=('no', 'yes')));"
        "m = c.join_graphs(c.preprocessing_graph(t, c.INPUTS), c.linear_network(t, width=2), t);"
        "sys.stdout.buffer.write(c.model_bytes(m))"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parents[2] / "samples")]
    other = subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": "1"}, timeout=60)
    assert other.stdout == model_file(transform).read_bytes()


@pytest.mark.parametrize("taken", ["numeric", "categorical", "label", "probabilities", "value", "net:out", "post:0"])
@pytest.mark.parametrize("classes", [("a", "b"), ()])
def test_a_column_may_bear_any_name(taken: str, classes: tuple[str, ...], network: Network) -> None:
    inputs = {taken: Column(kind=Kind.NUMBER), "text": Column(kind=Kind.CATEGORY)}
    features = (NumberFeature(name=taken), CategoryFeature(name="text"))
    transform = Transform(features=features, target=Target(classes=classes))
    net = network(transform, width=len(classes) or 1)
    outputs = _run(
        join_graphs(preprocessing_graph(transform, inputs), net, transform),
        feeds_from_rows([{taken: 1.0, "text": "x"}], inputs, Notation()),
    )
    assert len(outputs) == (2 if classes else 1)


def test_a_network_may_leave_one_kind_of_input_out() -> None:
    inputs = {"x": Column(kind=Kind.NUMBER)}
    transform = Transform(features=(NumberFeature(name="x"),), target=Target(classes=("a", "b")))
    joined = join_graphs(preprocessing_graph(transform, inputs), _network(["numeric"], ["rows", 2]), transform)
    assert not any(node.op_type == "ConstantOfShape" for node in joined.graph.node)
    labels, _ = _run(joined, feeds_from_rows([{"x": 3.0}], inputs, Notation()))
    assert labels.tolist() == ["b"]


def test_an_older_opset_is_converted(transform: Transform, inputs: dict[str, Column], network: Network) -> None:
    net = network(transform, width=2)
    older = version_converter.convert_version(net, 15)
    feeds, preprocessing = feeds_from_rows(ROWS, inputs, Notation()), preprocessing_graph(transform, inputs)
    converted = _run(join_graphs(preprocessing, older, transform), feeds)
    assert np.array_equal(converted[1], _run(join_graphs(preprocessing, net, transform), feeds)[1])


def _network(names: list[str], shape: list[object], *, outputs: int = 1, external: bool = False) -> onnx.ModelProto:
    """Return a network of the first input times [0, 1], with any names of other inputs."""
    weights = numpy_helper.from_array(np.array([[0.0, 1.0]], dtype=np.float32), "weights")
    if external:
        onnx.external_data_helper.set_external_data(weights, "weights.bin")
    nodes = [helper.make_node("MatMul", [names[0], "weights"], [f"out{index}"]) for index in range(outputs)]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "network",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in names],
            [helper.make_tensor_value_info(f"out{index}", TensorProto.FLOAT, shape) for index in range(outputs)],
            [weights],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )


@pytest.mark.parametrize(
    ("network_", "code"),
    [
        (_network(["x"], ["rows", 2]), "network_inputs"),
        (_network(["numeric", "x"], ["rows", 2]), "network_inputs"),
        (_network(["numeric"], ["rows", 1]), "network_outputs"),
        (_network(["numeric"], ["rows", 3]), "network_outputs"),
        (_network(["numeric"], ["rows"]), "network_outputs"),
        (_network(["numeric"], ["rows", 2], outputs=2), "network_outputs"),
        (_network(["numeric"], ["rows", 2], external=True), "external_data"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network_: onnx.ModelProto, code: str) -> None:
    transform = Transform(features=(NumberFeature(name="x"),), target=Target(classes=("a", "b")))
    preprocessing = preprocessing_graph(transform, {"x": Column(kind=Kind.NUMBER)})
    with pytest.raises(TrainingError) as refused:
        join_graphs(preprocessing, network_, transform)
    assert refused.value.code == code
