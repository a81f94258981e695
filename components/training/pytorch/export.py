"""A network as ONNX: written or exported by torch, and joined with the preprocessing."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.transform import Transform
from sevenfold.training.data import ModelSignature
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes
from sevenfold.training.export.writer import OPSET
from sevenfold.training.pytorch.tabular_graph import tabular_graph
from sevenfold.training.pytorch.tensors import Rows

if TYPE_CHECKING:
    import onnx
    from torch import nn

__all__ = ["export_network", "raw_model"]

EXAMPLE_ROWS: Final = 3  # 0 and 1 would be taken for fixed sizes


def export_network(network: nn.Module, rows: Rows) -> onnx.ModelProto:
    """Return a network as ONNX: ``numeric`` FLOAT ``[rows, N]`` and ``categorical`` INT64 ``[rows, C]`` in.

    Raises:
        TrainingError: ``not_exportable``, with the exporter's cause.
    """
    import torch

    order = torch.arange(EXAMPLE_ROWS) % len(rows)
    example = rows.take(order)
    batch = torch.export.Dim("rows")
    network.eval()
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (example.numeric, example.categorical),
                dynamo=True,
                input_names=["numeric", "categorical"],
                output_names=["outputs"],
                dynamic_shapes=({0: batch}, {0: batch}),
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        raise TrainingError(
            "not_exportable",
            f"The network must be exportable to ONNX with any number of rows, but: {_first_line(error)}",
            remedy="Leave out branches and shapes that depend on the values of a batch.",
        ) from error
    return program.model_proto


def raw_model(network: nn.Module, rows: Rows, transform: Transform, signature: ModelSignature) -> bytes:
    """Return the bytes of `model.onnx`, from raw columns to the prediction.

    Raises:
        TrainingError: as `export_network` and `join_graphs`.
    """
    graph = _network_graph(network, rows)
    return model_bytes(join_graphs(preprocessing_graph(transform, signature.inputs), graph, transform))


def _network_graph(network: nn.Module, rows: Rows) -> onnx.ModelProto:
    """Return the graph of the built-in network from its weights, that of any other from torch's exporter."""
    from sevenfold.training.pytorch.network import TabularNetwork

    # a subclass may compute something else
    if type(network) is TabularNetwork:
        return tabular_graph(network, rows.numeric.shape[1])
    return export_network(network, rows)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's exporter: warnings of its dependencies, and notes that it prints."""
    names = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _first_line(error: Exception) -> str:
    causes: list[BaseException] = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    lines = [line.strip() for line in str(causes[-1]).splitlines() if line.strip()]
    return f"{type(causes[-1]).__name__}: {(lines or ['no message'])[0][:300]}"
