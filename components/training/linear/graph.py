"""The linear model as ONNX, from raw columns to the prediction: the same first and last part as `model.onnx`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.schema import Column
from sevenfold.contracts.transform import CLIP, Transform
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes
from sevenfold.training.export.writer import IR_VERSION, OPSET, GraphWriter
from sevenfold.training.linear.fit import LinearModel

if TYPE_CHECKING:
    import onnx

__all__ = ["linear_bytes", "linear_graph"]

NUMERIC, CATEGORICAL, OUTPUTS = "numeric", "categorical", "outputs"


def linear_bytes(model: LinearModel, transform: Transform, inputs: Mapping[str, Column]) -> bytes:
    """Return the bytes of `linear.onnx`; equal weights give equal bytes.

    Args:
        model: the weights.
        transform: what the inputs of the weights are.
        inputs: the raw columns, as the bundle's signature has them.
    """
    return model_bytes(join_graphs(preprocessing_graph(transform, inputs), linear_graph(model), transform))


def linear_graph(model: LinearModel) -> onnx.ModelProto:
    """Return the weights as a graph with the inputs and the output that `join_graphs` takes."""
    from onnx import TensorProto, helper

    writer, inputs, terms = GraphWriter(""), [], []
    count, outputs = model.weights.shape
    if count:
        inputs.append(helper.make_tensor_value_info(NUMERIC, TensorProto.FLOAT, ["rows", count]))
        values = writer.add("Sub", NUMERIC, writer.constant(model.center, np.float32))
        values = writer.add("Div", values, writer.constant(model.scale, np.float32))
        limits = (writer.constant(limit, np.float32) for limit in (-CLIP, CLIP))
        values = writer.add("Clip", values, *limits)
        terms.append(writer.add("MatMul", values, writer.constant(model.weights, np.float32)))
    if model.columns:
        inputs.append(helper.make_tensor_value_info(CATEGORICAL, TensorProto.INT64, ["rows", "codes"]))
        codes = writer.add("Gather", CATEGORICAL, writer.constant(model.columns, np.int64), axis=1)
        codes = writer.add("Add", codes, writer.constant(model.starts, np.int64))
        looked_up = writer.add("Gather", writer.constant(model.levels, np.float32), codes, axis=0)
        terms.append(writer.add("ReduceSum", looked_up, writer.constant([1], np.int64), keepdims=0))
    total = writer.add("Add", *terms) if len(terms) > 1 else terms[0]
    writer.add("Add", total, writer.constant(model.bias, np.float32), output=OUTPUTS)
    output = helper.make_tensor_value_info(OUTPUTS, TensorProto.FLOAT, ["rows", outputs])
    graph = helper.make_graph(writer.nodes, "linear", inputs, [output], writer.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="sevenfold")
