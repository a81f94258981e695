"""Small networks and transforms that the tests of several rooms share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform
from sevenfold.training.export.graph import join_graphs, model_bytes, preprocessing_graph

INPUTS = {
    "distance": Column(kind=Kind.NUMBER),
    "seats": Column(kind=Kind.INTEGER),
    "carrier": Column(kind=Kind.CATEGORY),
    "due": Column(kind=Kind.DATETIME),
}
FEATURES = (
    NumberFeature(name="distance", fill=800.0, center=1000.0, scale=500.0, indicator=True),
    NumberFeature(name="seats", kind=Kind.INTEGER, fill=100.0, center=150.0, scale=50.0),
    CategoryFeature(name="carrier", levels=("UA", "B6")),
    DatetimeFeature(name="due", parts=(Part.TIME_OF_DAY, Part.WEEKDAY)),
)


def linear_network(transform: Transform, *, width: int, seed: int = 7) -> onnx.ModelProto:
    """Return numeric @ weights + table[first code], with open rows; the same numbers for the same seed."""
    rng = np.random.default_rng(seed)
    numeric = len(transform.numeric_names)
    weights = [
        numpy_helper.from_array(rng.normal(size=(numeric, width)).astype(np.float32), "weights"),
        numpy_helper.from_array(rng.normal(size=(transform.cardinalities[0], width)).astype(np.float32), "table"),
        numpy_helper.from_array(np.array(0), "first"),
    ]
    nodes = [
        helper.make_node("MatMul", ["numeric", "weights"], ["weighed"], doc_string="/home/someone/network.py"),
        helper.make_node("Gather", ["categorical", "first"], ["codes"], axis=1),
        helper.make_node("Gather", ["table", "codes"], ["looked_up"], axis=0),
        helper.make_node("Add", ["weighed", "looked_up"], ["out"]),
    ]
    nodes[0].metadata_props.add(key="stack", value="/home/someone/network.py")
    inputs = [
        helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", numeric]),
        helper.make_tensor_value_info("categorical", TensorProto.INT64, ["rows", len(transform.embedded)]),
    ]
    outputs = [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["rows", width])]
    graph = helper.make_graph(nodes, "network", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture
def inputs() -> dict[str, Column]:
    return dict(INPUTS)


@pytest.fixture
def transform() -> Transform:
    return Transform(features=FEATURES, target=Target(classes=("no", "yes")))


@pytest.fixture
def regression() -> Transform:
    return Transform(features=FEATURES, target=Target(mean=100.0, scale=10.0))


@pytest.fixture
def network() -> Callable[..., onnx.ModelProto]:
    return linear_network


@pytest.fixture
def model_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that joins a linear network to a transform and writes it."""

    def write(transform: Transform, *, seed: int = 7) -> Path:
        width = len(transform.target.classes) or 1
        preprocessing = preprocessing_graph(transform, INPUTS)
        joined = join_graphs(preprocessing, linear_network(transform, width=width, seed=seed), transform)
        path = tmp_path / f"model-{seed}-{width}.onnx"
        path.write_bytes(model_bytes(joined))
        return path

    return write
