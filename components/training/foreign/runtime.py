"""The graph that `train` gave: whether it can be run at all, its inputs and outputs, and what it predicts itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError

if TYPE_CHECKING:
    import onnx

__all__ = ["Port", "Runner", "inputs_of", "outputs_of"]

DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")  # whose operators ONNX Runtime has
CHUNK: Final = 65_536  # rows predicted at once
ERRORS_ONLY: Final = 3
LARGEST: Final = 2**31 - 1  # bytes of a protobuf message


@dataclass(frozen=True)
class Port:
    """An input or output of a graph.

    `kind` is ``FLOAT``, ``STRING``, … or ``sequence`` and the like for what is no tensor. `shape` is a number per axis,
    0 for one of any size; None where the graph does not say.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None

    def __str__(self) -> str:
        axes = "?" if self.shape is None else ", ".join(str(size or "any") for size in self.shape)
        return f"{self.name!r} {self.kind} [{axes}]"


def inputs_of(model: onnx.ModelProto) -> list[Port]:
    """Return the inputs, without weights that old exporters list among them."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [_port(entry) for entry in model.graph.input if entry.name not in weights]


def outputs_of(model: onnx.ModelProto) -> list[Port]:
    """Return the outputs."""
    return [_port(entry) for entry in model.graph.output]


class Runner:
    """The model as it was given, in ONNX Runtime.

    Args:
        model: complete in itself.
        threads: CPU threads of a prediction.

    Raises:
        TrainingError: ``external_data`` for weights in another file, ``model_graph`` for a model that ONNX Runtime
            does not load.
    """

    def __init__(self, model: onnx.ModelProto, threads: int = 1) -> None:
        _check(model)
        self._names = [entry.name for entry in model.graph.output]
        self._session = _session(model, threads)

    def run(self, feeds: Mapping[str, NDArray[Any]], rows: int) -> list[NDArray[Any]]:
        """Return the outputs for all rows.

        Raises:
            TrainingError: ``model_graph`` for a model that fails on the rows.
        """
        parts: list[Sequence[Any]] = []
        for start in range(0, rows, CHUNK):
            chunk = {name: values[start : start + CHUNK] for name, values in feeds.items()}
            try:
                parts.append(self._session.run(self._names, chunk))
            except Exception as error:
                raise TrainingError(
                    "model_graph",
                    f"The model must predict the dataset's rows, but ONNX Runtime says: {_first_line(error)}",
                    remedy="Run it on dataset.pandas('validation') with onnxruntime first.",
                ) from error
            self._check_rows(parts[-1], len(next(iter(chunk.values()))))
        return [np.concatenate([part[index] for part in parts]) for index in range(len(self._names))]

    def _check_rows(self, outputs: Sequence[Any], rows: int) -> None:
        for name, values in zip(self._names, outputs, strict=True):
            if isinstance(values, np.ndarray) and values.shape[:1] != (rows,):
                raise TrainingError(
                    "model_outputs",
                    f"An output must have a row for each row, but {name!r} has {list(values.shape)} for {rows} rows.",
                    remedy="Take it off the graph if it is the label, or fix the size that the graph holds.",
                )


def _port(entry: Any) -> Port:
    from onnx import TensorProto

    form = entry.type.WhichOneof("value") or "of no type"
    if form != "tensor_type":
        return Port(entry.name, form.removesuffix("_type"), None)
    tensor = entry.type.tensor_type
    shape = tuple(axis.dim_value for axis in tensor.shape.dim) if tensor.HasField("shape") else None
    return Port(entry.name, TensorProto.DataType.Name(tensor.elem_type), shape)


def _check(model: onnx.ModelProto) -> None:
    from onnx import TensorProto

    functions = (node for function in model.functions for node in function.node)
    tensors = (*_tensors_of(model.graph), *_tensors_in(functions))
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in tensors):
        raise TrainingError(
            "external_data",
            "The model must hold its weights, but some are in another file.",
            remedy="Load it with onnx.load, which reads them in, or save it without external data.",
        )
    own = {function.domain for function in model.functions}
    nodes = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    strange = sorted({f"{node.domain}.{node.op_type}" for node in nodes if node.domain not in {*DOMAINS, *own}})
    if strange:
        raise TrainingError(
            "model_graph",
            f"The model may use operators of ai.onnx, ai.onnx.ml and com.microsoft, but uses {', '.join(strange[:5])}.",
            remedy="Convert it without custom operators: the predictor has none.",
        )


def _tensors_of(graph: Any) -> Iterator[Any]:
    """Yield all constants of a graph, those in its nodes and their graphs too."""
    yield from graph.initializer
    yield from (part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))
    yield from _tensors_in(graph.node)


def _tensors_in(nodes: Iterable[Any]) -> Iterator[Any]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        for inner in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
            yield from _tensors_of(inner)


def _session(model: onnx.ModelProto, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    size = model.ByteSize()
    if size > LARGEST:
        raise TrainingError("model_graph", f"The model may have at most {LARGEST:,} bytes, but has {size:,}.")
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        versions = ", ".join(sorted(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import))
        raise TrainingError(
            "model_graph",
            f"ONNX Runtime {onnxruntime.__version__} must load the model (IR {model.ir_version}, {versions}), but says "
            f"{_first_line(error)}",
            remedy="Where a version is too new, convert with a lower target_opset; else check the converter's result.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:400]
