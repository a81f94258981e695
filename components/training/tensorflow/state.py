"""The state of a fit between two epochs, and its form as bytes.

Safetensors (Hugging Face 2023) with the variables of network, best network, optimiser and average; in the file's
header, as JSON, the curve. The order of rows and dropout follow from seed and step, so a fit that goes on from it is
bit for bit the fit that was never stopped. Nothing in it can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.canonical import canonical_json
from sevenfold.training.protocol import Epoch

__all__ = ["State", "values_of"]

FORMAT: Final = 1
HEADER: Final = "sevenfold"

Arrays = dict[str, NDArray[Any]]


@dataclass
class State:
    """All that the next epoch depends on: `kept` are the network's variables after the `best` epoch so far.

    Variables are by name; `curve` holds the epochs.
    """

    network: Mapping[str, Any]
    optimiser: Mapping[str, Any]
    average: Mapping[str, Any]
    steps: int = 0
    curve: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    kept: Arrays = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the state."""
        from safetensors.numpy import save

        tensors: Arrays = {f"kept.{name}": value for name, value in self.kept.items()}
        for part, variables in self._parts().items():
            tensors |= {f"{part}.{name}": value for name, value in values_of(variables).items()}
        header = {
            "format": FORMAT,
            "steps": self.steps,
            "curve": [asdict(epoch) for epoch in self.curve],
            "best": self.best.number if self.best else 0,
        }
        return bytes(save(tensors, metadata={HEADER: canonical_json(header)}))

    def restore(self, content: bytes) -> bool:
        """Take over a state from its bytes; False, and nothing changed, where it is of another format or network."""
        from safetensors.numpy import load

        header = _header(content)
        if header.get("format") != FORMAT:
            return False
        tensors = load(content)
        parts = {part: _below(tensors, part) for part in self._parts()}
        for part, variables in self._parts().items():
            if _shapes(parts[part]) != _shapes(variables):
                return False
        for part, variables in self._parts().items():
            for name, variable in variables.items():
                variable.assign(parts[part][name])
        self.steps = header["steps"]
        self.curve = [Epoch(**epoch) for epoch in header["curve"]]
        self.best = self.curve[header["best"] - 1] if header["best"] else None
        self.kept = _below(tensors, "kept")
        return True

    def _parts(self) -> dict[str, Mapping[str, Any]]:
        return {"network": self.network, "optimiser": self.optimiser, "average": self.average}


def values_of(variables: Mapping[str, Any]) -> Arrays:
    """Return copies of the values of variables of Keras or TensorFlow, by name."""
    return {name: np.array(variable.numpy(), order="C") for name, variable in variables.items()}


def _header(content: bytes) -> dict[str, Any]:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size]).get("__metadata__", {}).get(HEADER, "{}")
    return dict(json.loads(header))


def _below(tensors: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _shapes(arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(array.shape) for name, array in arrays.items()}
