"""A Keras model as ONNX: the built-in network written from its weights, any other by tf2onnx, and then joined."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.errors import MissingExtraError, TrainingError
from sevenfold.contracts.transform import Transform
from sevenfold.training.data import ModelSignature
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes
from sevenfold.training.export.network import network_graph
from sevenfold.training.export.writer import OPSET
from sevenfold.training.tensorflow.library import tensorflow
from sevenfold.training.tensorflow.model import Network
from sevenfold.training.tensorflow.onnx_names import give_plain_names
from sevenfold.training.tensorflow.rows import Rows

if TYPE_CHECKING:
    import onnx

__all__ = ["export_network", "raw_model"]

EXAMPLE_ROWS: Final = 3


def raw_model(network: Network, rows: Rows, transform: Transform, signature: ModelSignature) -> bytes:
    """Return the bytes of `model.onnx`, from raw columns to the prediction.

    Raises:
        TrainingError: as `export_network` and `join_graphs`.
    """
    from sevenfold.training.tensorflow.network import TabularNetwork

    # a subclass may compute something else
    if type(network.model) is TabularNetwork:
        graph = network_graph(network.model.arrays, rows.numeric.shape[1])
    else:
        graph = export_network(network, rows)
    return model_bytes(join_graphs(preprocessing_graph(transform, signature.inputs), graph, transform))


def export_network(network: Network, rows: Rows) -> onnx.ModelProto:
    """Return a Keras model as ONNX: ``numeric`` FLOAT ``[rows, N]`` and ``categorical`` INT64 ``[rows, C]`` in.

    Raises:
        MissingExtraError: if tf2onnx is not installed.
        TrainingError: ``not_exportable``, with the exporter's cause, or that of ONNX Runtime: tf2onnx may write a file
            that nothing loads, without an error.
    """
    try:
        import tf2onnx
    except ImportError as error:
        raise MissingExtraError("tf2onnx", "tensorflow") from error
    tf = tensorflow()
    widths = {"numeric": rows.numeric.shape[1], "categorical": rows.categorical.shape[1]}
    types = {"numeric": tf.float32, "categorical": tf.int64}
    wanted = [tf.TensorSpec([None, widths[name]], types[name], name=name) for name in network.takes]

    @tf.function(input_signature=wanted, autograph=False)
    def core(*given: Any) -> Any:
        inputs = {"numeric": None, "categorical": None, **dict(zip(network.takes, given, strict=True))}
        return tf.identity(network(inputs["numeric"], inputs["categorical"]), name="outputs")

    try:
        with _quiet():
            exported, _ = tf2onnx.convert.from_function(core, wanted, opset=OPSET)
        _replace_erfc(exported.graph)
        give_plain_names(exported.graph, network.takes)
        _run(exported, network, rows)
    except Exception as error:
        raise TrainingError(
            "not_exportable",
            f"The network must be exportable to ONNX with any number of rows, but: {_first_line(error)}",
            remedy="Use other layers: tf2onnx must know them, and ONNX Runtime must load what it writes.",
        ) from error
    return exported


def _replace_erfc(graph: Any) -> None:
    """Write erfc(x), which ONNX does not have and tf2onnx 1.17 writes all the same, as 1 - erf(x): GELU holds it."""
    from onnx import helper, numpy_helper

    nodes = []
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        erf, one = f"{node.output[0]}:erf", f"{node.output[0]}:one"
        graph.initializer.append(numpy_helper.from_array(np.float32(1.0), one))
        nodes.append(helper.make_node("Erf", list(node.input), [erf]))
        nodes.append(helper.make_node("Sub", [one, erf], list(node.output)))
    copies = [node.SerializeToString() for node in nodes]
    del graph.node[:]
    for copy in copies:
        graph.node.add().ParseFromString(copy)


def _run(exported: onnx.ModelProto, network: Network, rows: Rows) -> None:
    """Load the file in ONNX Runtime and score some rows."""
    import onnxruntime

    few = rows.take(np.arange(EXAMPLE_ROWS) % len(rows))
    given = {"numeric": few.numeric, "categorical": few.categorical}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options, providers=["CPUExecutionProvider"])
    session.run(None, {name: given[name] for name in network.takes})


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter: its own log, and warnings of what it imports."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {(lines or ['no message'])[0][:300]}"
