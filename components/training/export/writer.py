"""Write the nodes and constants of an ONNX graph, with names that no column can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

__all__ = ["IR_VERSION", "ML", "ML_OPSET", "OPSET", "GraphWriter", "free_name", "free_prefix"]

OPSET: Final = 18
ML: Final = "ai.onnx.ml"
ML_OPSET: Final = 3
IR_VERSION: Final = 10


class GraphWriter:
    """Collects the nodes and constants of a graph, under names that begin with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._prefix = prefix
        self._known: dict[bytes, str] = {}

    def add(self, operator: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its output."""
        from onnx import helper

        name = f"{self._prefix}{len(self.nodes)}"
        output = output or name
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], name=name, domain=domain or None, **attributes)
        )
        return output

    def constant(self, values: Any, dtype: type[np.generic]) -> str:
        """Store an array once and return its name."""
        from onnx import numpy_helper

        array = np.asarray(values, dtype=dtype)
        key = f"{array.dtype}{array.shape}".encode() + array.tobytes()
        if key not in self._known:
            self._known[key] = f"{self._prefix}c{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return `wanted`, or, where a column has that name, the same with ``:output`` after it."""
    while wanted in taken:
        wanted += ":output"
    return wanted


def free_prefix(wanted: str, names: Sequence[str]) -> str:
    """Return `wanted`, with as many colons before it as it takes for no column's name to begin with it."""
    while any(name.startswith(wanted) for name in names):
        wanted = ":" + wanted
    return wanted
