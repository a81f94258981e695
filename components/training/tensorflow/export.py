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
        for given, entry in zip(network.takes, exported.graph.input, strict=False):
            _rename(exported.graph, entry.name, given)
        _run(exported, network, rows)
    except Exception as error:
        raise TrainingError(
            "not_exportable",
            f"The network must be exportable to ONNX with any number of rows, but: {_first_line(error)}",
            remedy="Leave out layers that look up texts or are made from the values of a batch.",
        ) from error
    return exported


def _rename(graph: Any, old: str, new: str) -> None:
    """Give an input another name."""
    for entry in graph.input:
        entry.name = new if entry.name == old else entry.name
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = new if name == old else name


def _run(exported: onnx.ModelProto, network: Network, rows: Rows) -> None:
    """Load the file in ONNX Runtime and score some rows."""
    import onnxruntime

    few = rows.take(np.arange(EXAMPLE_ROWS) % len(rows))
    given = {"numeric": few.numeric, "categorical": few.categorical}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        exported.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
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
