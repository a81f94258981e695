"""How the raw columns become the inputs of the model that `train` gave.

There are three ways, and the names of the model's inputs say which: an input per column, the two inputs of the
built-in network, or one matrix of numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.signature import MISSING
from sevenfold.training.data import TrainingData
from sevenfold.training.encode import encode
from sevenfold.training.export.writer import GraphWriter
from sevenfold.training.foreign.dataset import as_numbers
from sevenfold.training.foreign.runtime import Port

__all__ = ["Columns", "Encoded", "InputForm", "Matrix", "input_form"]

NUMBERS: Final = (Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN)
TYPES: Final = {"FLOAT": np.float32, "DOUBLE": np.float64, "INT64": np.int64}
ENCODED: Final = {"numeric": "FLOAT", "categorical": "INT64"}
WAYS: Final = (
    "Inputs are columns by name, each [rows] or [rows, 1]; or 'numeric' and 'categorical', as dataset.encoded gives "
    "them; or one matrix [rows, features], where every feature is a number."
)


class InputForm(ABC):
    """One way from raw columns to the inputs of a model."""

    @abstractmethod
    def feeds(self, raw: Mapping[str, NDArray[Any]], data: TrainingData) -> dict[str, NDArray[Any]]:
        """Return the inputs of the model for raw columns as `scoring.feeds` makes them."""

    @abstractmethod
    def write(self, writer: GraphWriter, names: Mapping[str, str]) -> None:
        """Write the nodes from raw columns to the inputs of the model.

        Args:
            writer: takes the nodes.
            names: by the name of the model's input, the one that it bears in the graph.
        """


@dataclass(frozen=True)
class Columns(InputForm):
    """An input per column, or for some columns; datetimes may have another for their missing flag."""

    ports: tuple[Port, ...]
    signature: Any

    def feeds(self, raw: Mapping[str, NDArray[Any]], data: TrainingData) -> dict[str, NDArray[Any]]:
        """Return each column in the type and shape of its input."""
        given = {}
        for port in self.ports:
            values = raw[port.name]
            if self._is_moment(port) and port.kind == "DOUBLE":
                values = as_numbers(raw, self.signature)[port.name]
            values = values.astype(TYPES[port.kind]) if port.kind in TYPES else values
            given[port.name] = values[:, None] if _is_tall(port) else values
        return given

    def write(self, writer: GraphWriter, names: Mapping[str, str]) -> None:
        """Write a cast and a reshape per input, as far as it needs them."""
        from onnx import TensorProto

        for port in self.ports:
            value = port.name
            if self._is_moment(port):
                if port.kind == "DOUBLE":
                    value = writer.add("Cast", value, to=TensorProto.DOUBLE)
                    missing = writer.constant(np.nan, np.float64)
                    value = writer.add("Where", port.name + MISSING, missing, value)
            elif port.kind in ("FLOAT", "INT64"):
                value = writer.add("Cast", value, to=TensorProto.DataType.Value(port.kind))
            if _is_tall(port):
                writer.add("Reshape", value, writer.constant([-1, 1], np.int64), output=names[port.name])
            else:
                writer.add("Identity", value, output=names[port.name])

    def _is_moment(self, port: Port) -> bool:
        return port.name in self.signature.inputs and self.signature.inputs[port.name].kind is Kind.DATETIME


@dataclass(frozen=True)
class Encoded(InputForm):
    """The inputs of the built-in network: the plan's preprocessing stands before the model."""

    ports: tuple[Port, ...]

    def feeds(self, raw: Mapping[str, NDArray[Any]], data: TrainingData) -> dict[str, NDArray[Any]]:
        """Return what the transform makes of the columns."""
        encoded = encode(data.transform, raw)
        return {port.name: getattr(encoded, port.name) for port in self.ports}

    def write(self, writer: GraphWriter, names: Mapping[str, str]) -> None:
        """Write nothing: `adapt` puts the preprocessing graph before the model."""


@dataclass(frozen=True)
class Matrix(InputForm):
    """One matrix of all features, in the order of the schema."""

    port: Port
    features: tuple[str, ...]

    def feeds(self, raw: Mapping[str, NDArray[Any]], data: TrainingData) -> dict[str, NDArray[Any]]:
        """Return the columns side by side."""
        return {self.port.name: np.stack([raw[name] for name in self.features], axis=1).astype(TYPES[self.port.kind])}

    def write(self, writer: GraphWriter, names: Mapping[str, str]) -> None:
        """Write the columns below each other, and turn them: one copy, however many there are."""
        from onnx import TensorProto

        count = len(self.features)
        flat = writer.add("Concat", *self.features, axis=0)
        stacked = writer.add("Reshape", flat, writer.constant([count, -1], np.int64))
        turned = writer.add("Transpose", stacked, perm=[1, 0])
        kind = TensorProto.DataType.Value(self.port.kind)
        # ONNX Runtime 1.32 multiplies a vector wrongly right after a Transpose; this Reshape changes nothing
        matrix = writer.add("Reshape", turned, writer.constant([0, count], np.int64))
        writer.add("Cast", matrix, to=kind, output=names[self.port.name])


def input_form(ports: Sequence[Port], data: TrainingData) -> InputForm:
    """Return the way that the inputs of a model ask for.

    Raises:
        TrainingError: ``model_inputs`` for inputs that the columns cannot give, or that could mean two things.
    """
    signature = data.signature
    names = {port.name for port in ports}
    by_column, encoded = names <= signature.graph_inputs, names <= set(ENCODED)
    if not names:
        raise _refused("the model has none")
    if by_column and encoded:
        raise _refused(f"{sorted(names)} are columns too", "Rename the columns: the inputs could mean two things.")
    if encoded:
        for port in ports:
            _check_encoded(port, len(getattr(signature, port.name)))
        return Encoded(tuple(ports))
    if by_column:
        for port in ports:
            _check_column(port, signature.inputs.get(port.name), names)
        return Columns(tuple(ports), signature)
    if len(ports) == 1:
        _check_matrix(ports[0], signature.inputs)
        return Matrix(ports[0], tuple(signature.inputs))
    strange = sorted(names - signature.graph_inputs)
    raise _refused(f"the model takes {strange[:5]}, which {'are' if len(strange) > 1 else 'is'} no column")


def _check_column(port: Port, column: Column | None, names: set[str]) -> None:
    if port.shape is None or len(port.shape) not in (1, 2) or port.shape[0] or port.shape[1:] not in ((), (0,), (1,)):
        raise _refused(f"the model takes {port}", "Leave the number of rows open, and give a column one value per row.")
    if column is None:  # the missing flag of a datetime
        if port.kind != "BOOL":
            raise _refused(f"the model takes {port}", f"{port.name!r} says whether the moment is missing: BOOL.")
        return
    takes = _types(column.kind)
    if port.kind not in takes:
        remedy = f"A column of kind {column.kind.value} goes into {' or '.join(takes)}."
        if column.kind is Kind.CATEGORY:
            remedy += " For codes take the input 'categorical'."
        raise _refused(f"the model takes {port}", remedy)
    if port.kind == "INT64" and column.nullable and port.name + MISSING not in names:
        other = f", or add an input {port.name + MISSING!r} BOOL" if column.kind is Kind.DATETIME else ""
        raise _refused(
            f"the model takes {port}, and INT64 has no missing value, but the column may miss some",
            f"Take DOUBLE, where a missing value is NaN{other}; or write nullable: false in the plan.",
        )


def _is_tall(port: Port) -> bool:
    return port.shape is not None and len(port.shape) == 2


def _types(kind: Kind) -> tuple[str, ...]:
    if kind is Kind.CATEGORY:
        return ("STRING",)
    if kind is Kind.NUMBER:
        return "DOUBLE", "FLOAT"  # INT64 would cut the fraction off
    # FLOAT would make a moment wrong by a minute
    return ("DOUBLE", "INT64") if kind is Kind.DATETIME else ("DOUBLE", "FLOAT", "INT64")


def _check_encoded(port: Port, width: int) -> None:
    if port.kind != ENCODED[port.name] or port.shape is None or len(port.shape) != 2 or port.shape[0]:
        raise _refused(f"the model takes {port}", f"{port.name!r} is {ENCODED[port.name]} [rows, {width}].")
    if port.shape[1] not in (0, width):
        raise _refused(f"the model takes {port}, but the dataset has {width} such inputs")


def _check_matrix(port: Port, inputs: Mapping[str, Column]) -> None:
    others = [name for name, column in inputs.items() if column.kind not in NUMBERS]
    if others:
        raise _refused(
            f"the model takes one matrix {port}, but {others[:5]} {'are' if len(others) > 1 else 'is'} no number",
            "Give an input per column, or take 'numeric' and 'categorical'.",
        )
    if port.kind not in ("FLOAT", "DOUBLE") or port.shape is None or len(port.shape) != 2 or port.shape[0]:
        raise _refused(f"the model takes {port}", f"A matrix is FLOAT or DOUBLE [rows, {len(inputs)}].")
    if port.shape[1] not in (0, len(inputs)):
        raise _refused(f"the model takes {port}, but there are {len(inputs)} features: {list(inputs)[:8]}")


def _refused(state: str, remedy: str = "") -> TrainingError:
    return TrainingError("model_inputs", f"{WAYS} But {state}.", remedy=remedy)
