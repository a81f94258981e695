"""Join preprocessing, network and the last step to the prediction into one `model.onnx`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.contracts.transform import Target, Transform
from sevenfold.training.export.writer import IR_VERSION, ML, ML_OPSET, OPSET, GraphWriter, free_name, free_prefix

if TYPE_CHECKING:
    import onnx

__all__ = [
    "class_outputs",
    "cleaned",
    "connect",
    "join_graphs",
    "last_prefix",
    "merged_opsets",
    "model_bytes",
    "needed_nodes",
    "value_output",
    "with_threshold",
]

NETWORK: Final = "net:"
LAST: Final = "post:"
THRESHOLD: Final = "threshold"  # of a binary model: the constant's name after the prefix


def join_graphs(preprocessing: onnx.ModelProto, network: onnx.ModelProto, transform: Transform) -> onnx.ModelProto:
    """Return the model from raw columns to the prediction, its outputs as in `contracts.bundle`.

    Args:
        preprocessing: what `preprocessing_graph` made; not changed.
        network: takes ``numeric`` FLOAT ``[rows, N]``, ``categorical`` INT64 ``[rows, C]`` or both, by name, and gives
            one output: logits ``[rows, classes]``, two for binary, or standardised values ``[rows]`` or ``[rows, 1]``.
            An opset below 18 is converted; descriptions and traces that exporters leave are removed.
        transform: gives the class names, or mean and scale of the values.

    Raises:
        TrainingError: ``network_inputs``, ``network_outputs`` or ``external_data``.
    """
    import onnx
    from onnx import compose, helper

    network = cleaned(network)
    pre = onnx.ModelProto()
    pre.CopyFrom(preprocessing)
    names = [entry.name for entry in pre.graph.input]
    prefixed = compose.add_prefix(network, free_prefix(NETWORK, names))
    connect(pre, network, prefixed)
    _check_output(network, len(transform.target.classes))
    writer = GraphWriter(last_prefix(names))
    outputs = _last_step(writer, prefixed.graph.output[0].name, transform.target, names)
    graph = helper.make_graph(
        [*needed_nodes(pre, prefixed), *prefixed.graph.node, *writer.nodes],
        "model",
        list(pre.graph.input),
        outputs,
        [*pre.graph.initializer, *prefixed.graph.initializer, *writer.constants],
    )
    graph.sparse_initializer.extend(prefixed.graph.sparse_initializer)
    joined = helper.make_model(
        graph,
        opset_imports=merged_opsets(network),
        ir_version=max(IR_VERSION, network.ir_version),
        producer_name="sevenfold",
        functions=list(prefixed.functions),
    )
    return joined


def model_bytes(model: onnx.ModelProto) -> bytes:
    """Return the bytes of a model, the same for equal models in every process."""
    return bytes(model.SerializeToString(deterministic=True))


def with_threshold(model: bytes, threshold: float) -> bytes:
    """Return a binary model that says the positive class from another probability on, a float32.

    Args:
        model: what `join_graphs` made, as bytes.
        threshold: between 0 and 1.
    """
    import onnx
    from onnx import numpy_helper

    changed = onnx.ModelProto.FromString(model)
    names = [entry.name for entry in changed.graph.input]
    wanted = free_prefix(LAST, names) + THRESHOLD
    constant = next(tensor for tensor in changed.graph.initializer if tensor.name == wanted)
    constant.CopyFrom(numpy_helper.from_array(np.array(threshold, dtype=np.float32), wanted))
    return model_bytes(changed)


def cleaned(network: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy with an opset that fits, without traces of the machine that made it.

    Raises:
        TrainingError: ``external_data``.
    """
    import onnx
    from onnx import version_converter

    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    opset = next((entry.version for entry in copy.opset_import if entry.domain in ("", "ai.onnx")), OPSET)
    if opset < OPSET:
        copy = version_converter.convert_version(copy, OPSET)
    for function in copy.functions:
        function.doc_string = ""
        del function.metadata_props[:], function.value_info[:]
        _strip_nodes(function.node)
    _strip(copy.graph)
    weights = {tensor.name for tensor in copy.graph.initializer}
    inputs = [entry for entry in copy.graph.input if entry.name not in weights]  # old exporters list weights as inputs
    del copy.graph.input[:]
    copy.graph.input.extend(inputs)
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in copy.graph.initializer):
        raise TrainingError("external_data", "The network must hold its weights, but some are in another file.")
    return copy


def _strip(graph: Any) -> None:
    graph.doc_string = ""
    del graph.metadata_props[:], graph.value_info[:], graph.quantization_annotation[:]
    for item in (*graph.initializer, *graph.input, *graph.output):
        item.doc_string = ""
        del item.metadata_props[:]
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Any) -> None:
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            attribute.doc_string = ""
            for inner in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                _strip(inner)


def connect(pre: onnx.ModelProto, network: onnx.ModelProto, prefixed: onnx.ModelProto) -> None:
    """Give the preprocessing's outputs, in place, the names of the inputs of the network with its prefix.

    Raises:
        TrainingError: ``network_inputs``.
    """
    given = {"numeric": pre.graph.output[0].name, "categorical": pre.graph.output[1].name}
    wanted = [entry.name for entry in network.graph.input]
    if not wanted or not set(wanted) <= set(given):
        raise TrainingError(
            "network_inputs",
            f"A network takes 'numeric', 'categorical' or both, but takes {wanted[:5]}.",
            remedy="Give the inputs of the exported network these names.",
        )
    renamed = {given[name]: entry.name for name, entry in zip(wanted, prefixed.graph.input, strict=True)}
    if "numeric" in wanted and _multiplies_a_vector(network):
        _reshape(pre, given["numeric"], renamed.pop(given["numeric"]))
    for node in pre.graph.node:
        for index, name in enumerate(node.output):
            node.output[index] = renamed.get(name, name)


def _multiplies_a_vector(network: onnx.ModelProto) -> bool:
    """Whether a constant of one axis is a factor: ONNX Runtime 1.32 multiplies it wrongly right after a Transpose."""
    constants = [(tensor.name, tensor) for tensor in network.graph.initializer]
    constants += [(node.output[0], item.t) for node in network.graph.node for item in node.attribute if item.t.dims]
    vectors = {name for name, tensor in constants if len(tensor.dims) == 1}
    return any(node.op_type == "MatMul" and vectors & set(node.input) for node in network.graph.node)


def _reshape(pre: onnx.ModelProto, matrix: str, output: str) -> None:
    """Put a Reshape that changes nothing behind the preprocessing's Transpose."""
    from onnx import helper, numpy_helper

    width = pre.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    shape = free_name(f"{matrix}:shape", [entry.name for entry in pre.graph.input])
    pre.graph.initializer.append(numpy_helper.from_array(np.array([0, width], dtype=np.int64), shape))
    pre.graph.node.append(helper.make_node("Reshape", [matrix, shape], [output], name=shape))


def _check_output(network: onnx.ModelProto, classes: int) -> None:
    outputs = network.graph.output
    shape = [dim.dim_value for dim in outputs[0].type.tensor_type.shape.dim] if len(outputs) == 1 else []
    width = classes or 1
    fits = len(shape) == 2 and shape[1] in (0, width)  # 0 where the exporter left the width open
    if not (fits or (not classes and len(shape) == 1)):
        raise TrainingError(
            "network_outputs",
            f"A network gives one output of shape [rows, {width}], but gives {len(outputs)}, the first {shape}.",
            remedy="Two classes need two logits.",
        )


def needed_nodes(pre: onnx.ModelProto, network: onnx.ModelProto) -> list[Any]:
    """Return the preprocessing nodes that the network's inputs depend on, and drop the constants of the others."""
    wanted = {entry.name for entry in network.graph.input}
    kept = []
    for node in reversed(pre.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    constants = [tensor for tensor in pre.graph.initializer if tensor.name in wanted]
    del pre.graph.initializer[:]
    pre.graph.initializer.extend(constants)
    return kept[::-1]


def merged_opsets(network: onnx.ModelProto) -> list[Any]:
    """Return the opsets of a graph that holds the network and nodes of ours, by domain."""
    from onnx import helper

    versions = {"": OPSET, ML: ML_OPSET}
    for entry in network.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        versions[domain] = max(versions.get(domain, 0), entry.version)
    return [helper.make_opsetid(domain, version) for domain, version in sorted(versions.items())]


def last_prefix(names: list[str]) -> str:
    """Return what the names of the last step begin with, where columns have these names."""
    return free_prefix(LAST, names)


def value_output(writer: GraphWriter, standard: str, target: Target, names: list[str]) -> list[Any]:
    """Write the output of a regression: ``value`` DOUBLE ``[rows]``, in the target's own unit.

    Args:
        writer: of the last step.
        standard: standardised values, FLOAT or DOUBLE, ``[rows]`` or ``[rows, 1]``.
        target: their mean and scale.
        names: of the graph's inputs.
    """
    from onnx import TensorProto, helper

    value = free_name("value", names)
    flat = writer.add("Reshape", standard, writer.constant([-1], np.int64))
    flat = writer.add("Cast", flat, to=TensorProto.DOUBLE)
    flat = writer.add("Mul", flat, writer.constant(target.scale, np.float64))
    writer.add("Add", flat, writer.constant(target.mean, np.float64), output=value)
    return [helper.make_tensor_value_info(value, TensorProto.DOUBLE, ["rows"])]


def class_outputs(
    writer: GraphWriter, operator: str, given: str, target: Target, names: list[str], **attributes: Any
) -> list[Any]:
    """Write the outputs of a classification: ``label`` STRING ``[rows]`` and ``probabilities`` FLOAT.

    Args:
        writer: of the last step.
        operator: the node that gives the probabilities, FLOAT ``[rows, classes]``.
        given: its input.
        target: the classes.
        names: of the graph's inputs.
        attributes: of the node.
    """
    from onnx import TensorProto, helper

    label, probabilities = free_name("label", names), free_name("probabilities", names)
    count = len(target.classes)
    writer.add(operator, given, output=probabilities, **attributes)
    best = _decided(writer, probabilities, count, names)
    writer.add(
        "LabelEncoder",
        best,
        domain=ML,
        keys_int64s=list(range(count)),
        values_strings=list(target.classes),
        default_string="",
        output=label,
    )
    return [
        helper.make_tensor_value_info(label, TensorProto.STRING, ["rows"]),
        helper.make_tensor_value_info(probabilities, TensorProto.FLOAT, ["rows", count]),
    ]


def _last_step(writer: GraphWriter, raw: str, target: Target, names: list[str]) -> list[Any]:
    if not target.classes:
        return value_output(writer, raw, target, names)
    return class_outputs(writer, "Softmax", raw, target, names, axis=1)


def _decided(writer: GraphWriter, probabilities: str, count: int, names: list[str]) -> str:
    """Write the index of the predicted class: with two classes by the threshold, else the most probable one's."""
    from onnx import TensorProto, numpy_helper

    if count != 2:
        return writer.add("ArgMax", probabilities, axis=1, keepdims=0)
    threshold = free_prefix(LAST, names) + THRESHOLD
    writer.constants.append(numpy_helper.from_array(np.array(DEFAULT_THRESHOLD, dtype=np.float32), threshold))
    positive = writer.add("Gather", probabilities, writer.constant(1, np.int64), axis=1)
    return writer.add("Cast", writer.add("GreaterOrEqual", positive, threshold), to=TensorProto.INT64)
