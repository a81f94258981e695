"""A finished model as `model.onnx`: raw columns before it, the prediction as `contracts.signature` has it after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.errors import TrainingError
from sevenfold.training.data import TrainingData
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import (
    class_outputs,
    cleaned,
    connect,
    last_prefix,
    merged_opsets,
    model_bytes,
    needed_nodes,
)
from sevenfold.training.export.writer import IR_VERSION, GraphWriter, free_name, free_prefix
from sevenfold.training.foreign.inputs import Encoded, InputForm
from sevenfold.training.foreign.outputs import OutputForm

if TYPE_CHECKING:
    import onnx

__all__ = ["adapted_bytes"]

MODEL: Final = "model:"
BEFORE: Final = "in:"


def adapted_bytes(model: onnx.ModelProto, inputs: InputForm, outputs: OutputForm, data: TrainingData) -> bytes:
    """Return the bytes of `model.onnx`; equal models give equal bytes.

    The graph's inputs are all raw columns of the signature, those too that the model does not use. Names of the graph,
    descriptions and traces of the machine are removed. An opset below 18 is converted.

    Raises:
        TrainingError: ``not_exportable`` where the opset cannot be converted.
    """
    import onnx
    from onnx import compose, helper

    ready = _converted(model)
    before = preprocessing_graph(data.transform, data.signature.inputs)
    raw = list(before.graph.input)
    names = [entry.name for entry in raw]
    prefix = free_prefix(MODEL, names)
    prefixed = compose.add_prefix(ready, prefix)
    writer = GraphWriter(free_prefix(BEFORE, names))
    inputs.write(writer, {entry.name: prefix + entry.name for entry in ready.graph.input})
    first, constants = writer.nodes, writer.constants
    if isinstance(inputs, Encoded):
        connect(before, ready, prefixed)
        first, constants = needed_nodes(before, prefixed), list(before.graph.initializer)
    last = GraphWriter(last_prefix(names))
    results = _prediction(last, prefix + outputs.port.name, outputs, data, names)
    graph = helper.make_graph(
        [*first, *prefixed.graph.node, *last.nodes],
        "model",
        raw,
        results,
        [*constants, *prefixed.graph.initializer, *last.constants],
    )
    graph.sparse_initializer.extend(prefixed.graph.sparse_initializer)
    joined = helper.make_model(
        graph,
        opset_imports=merged_opsets(ready),
        ir_version=max(IR_VERSION, ready.ir_version),
        producer_name="sevenfold",
        functions=list(prefixed.functions),
    )
    assert isinstance(joined, onnx.ModelProto)  # noqa: S101 - onnx is untyped
    return model_bytes(joined)


def _converted(model: onnx.ModelProto) -> Any:
    try:
        return cleaned(model)
    except TrainingError:
        raise
    except Exception as error:
        versions = ", ".join(sorted(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import))
        raise TrainingError(
            "not_exportable",
            f"The model's opset ({versions}) must be convertible to a later one, but: {str(error)[:300]}",
            remedy="Convert the model with target_opset 18 or later.",
        ) from error


def _prediction(
    writer: GraphWriter, given: str, outputs: OutputForm, data: TrainingData, names: list[str]
) -> list[Any]:
    from onnx import TensorProto, helper

    target = data.transform.target
    if not target.classes:
        value = free_name("value", names)
        flat = writer.add("Reshape", given, writer.constant([-1], np.int64))
        writer.add("Cast", flat, to=TensorProto.DOUBLE, output=value)
        return [helper.make_tensor_value_info(value, TensorProto.DOUBLE, ["rows"])]
    if not outputs.is_sorted:
        given = writer.add("Gather", given, writer.constant(list(outputs.order), np.int64), axis=1)
    if outputs.logits:
        given = writer.add("Softmax", given, axis=1)
    return class_outputs(writer, "Cast", given, target, names, to=TensorProto.FLOAT)
