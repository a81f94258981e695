"""The built-in network as ONNX, written node by node from its weights, whichever framework fitted them.

Tracing the same network with torch's exporter costs 7 to 12 seconds of CPU time at every fit, most of it for importing
a compiler. The file is compared with the network on all validation rows, whichever way it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.training.export.writer import IR_VERSION, OPSET, GraphWriter

if TYPE_CHECKING:
    import onnx

__all__ = ["NetworkArrays", "network_graph"]

NUMERIC, CATEGORICAL, OUTPUTS = "numeric", "categorical", "outputs"

Floats = NDArray[Any]


@dataclass(frozen=True)
class NetworkArrays:
    """The weights of a built-in network: P pieces of numbers, C categories, layers of a width, M members.

    `columns`, `low` and `slope` are of the pieces, ``[P]``, None where there are no numbers; `embedding` is
    ``[levels, size]`` with the first row of each category in `starts`, ``[C]``, None where there are no categories.
    Each layer is a kernel ``[inputs, width]`` and a bias ``[width]``. `scales` and `shifts` are ``[layers, M, width]``,
    None for one member; `last` is ``[M, width, outputs]`` and `bias` ``[M, 1, outputs]``.
    """

    columns: NDArray[Any] | None
    low: Floats | None
    slope: Floats | None
    embedding: Floats | None
    starts: NDArray[Any] | None
    layers: Sequence[tuple[Floats, Floats]]
    scales: Floats | None
    shifts: Floats | None
    last: Floats
    bias: Floats


def network_graph(network: NetworkArrays, columns: int) -> onnx.ModelProto:
    """Return the network, as it predicts, as ONNX.

    Its inputs are ``numeric`` FLOAT ``[rows, columns]`` and ``categorical`` INT64 ``[rows, C]``, without the one that
    the network does not use; its output is ``outputs`` FLOAT ``[rows, outputs]``. Equal weights give equal bytes.
    """
    from onnx import TensorProto, helper

    writer, inputs, encoded = GraphWriter(""), [], []
    if network.columns is not None:
        inputs.append(helper.make_tensor_value_info(NUMERIC, TensorProto.FLOAT, ["rows", columns]))
        encoded.append(_pieces(writer, network, columns))
    if network.embedding is not None and network.starts is not None:
        count = len(network.starts)
        inputs.append(helper.make_tensor_value_info(CATEGORICAL, TensorProto.INT64, ["rows", count]))
        encoded.append(_embedded(writer, network.embedding, network.starts))
    hidden = writer.add("Concat", *encoded, axis=1) if len(encoded) > 1 else encoded[0]
    for depth, (kernel, bias) in enumerate(network.layers):
        hidden = _layer(writer, hidden, kernel, bias, depth)
        hidden = _members(writer, network, hidden, depth)
    _last_layer(writer, network, hidden)
    output = helper.make_tensor_value_info(OUTPUTS, TensorProto.FLOAT, ["rows", network.last.shape[2]])
    graph = helper.make_graph(writer.nodes, "network", inputs, [output], writer.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="sevenfold")


def _layer(writer: GraphWriter, hidden: str, kernel: Floats, bias: Floats, depth: int) -> str:
    if depth == 0:
        return writer.add("Gemm", hidden, _floats(writer, kernel.T), _floats(writer, bias), transB=1)
    return writer.add("Add", writer.add("MatMul", hidden, _floats(writer, kernel)), _floats(writer, bias))


def _pieces(writer: GraphWriter, network: NetworkArrays, columns: int) -> str:
    """Write the piecewise-linear encoding; a table with one piece per column needs no Gather."""
    positions = np.asarray(network.columns).tolist()
    values = NUMERIC
    if positions != list(range(columns)):
        values = writer.add("Gather", values, writer.constant(positions, np.int64), axis=1)
    values = writer.add("Sub", values, _floats(writer, network.low))
    values = writer.add("Mul", values, _floats(writer, network.slope))
    return writer.add("Clip", values, writer.constant(0.0, np.float32), writer.constant(1.0, np.float32))


def _embedded(writer: GraphWriter, table: Floats, starts: NDArray[Any]) -> str:
    codes = writer.add("Add", CATEGORICAL, writer.constant(starts, np.int64))
    vectors = writer.add("Gather", _floats(writer, table), codes, axis=0)
    # 0 keeps the number of rows, also where there are none
    return writer.add("Reshape", vectors, writer.constant([0, len(starts) * table.shape[1]], np.int64))


def _members(writer: GraphWriter, network: NetworkArrays, hidden: str, depth: int) -> str:
    """Give each member its own view of a layer: ``[rows, width]`` becomes ``[members, rows, width]``."""
    if network.scales is not None and network.shifts is not None:
        hidden = writer.add("Mul", hidden, _floats(writer, network.scales[depth][:, None]))
        hidden = writer.add("Add", hidden, _floats(writer, network.shifts[depth][:, None]))
    return writer.add("Relu", hidden)


def _last_layer(writer: GraphWriter, network: NetworkArrays, hidden: str) -> None:
    """Write each member's last layer, and the mean over the members."""
    if len(network.last) == 1:
        product = writer.add("MatMul", hidden, _floats(writer, network.last[0]))
        writer.add("Add", product, _floats(writer, network.bias[0]), output=OUTPUTS)
        return
    product = writer.add("MatMul", hidden, _floats(writer, network.last))
    each = writer.add("Add", product, _floats(writer, network.bias))
    writer.add("ReduceMean", each, writer.constant([0], np.int64), keepdims=0, output=OUTPUTS)


def _floats(writer: GraphWriter, values: Any) -> str:
    return writer.constant(values, np.float32)
