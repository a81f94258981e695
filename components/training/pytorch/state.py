"""The state of a fit between two epochs, and its form as bytes.

Safetensors (Hugging Face 2023) with the tensors of network, best network, optimiser, average and generators; in the
file's header, as JSON, the curve and the steps. A fit that goes on from it is bit for bit the fit that was never
stopped. Nothing in it can run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.canonical import canonical_json
from sevenfold.training.protocol import Epoch

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from sevenfold.training.pytorch.adamw import AdamW
    from sevenfold.training.pytorch.averaging import Average

__all__ = ["State"]

FORMAT = 1
HEADER = "sevenfold"
CUDA = "generator.cuda"  # only in the state of a fit on a GPU


@dataclass
class State:
    """All that the next epoch depends on: `kept` are the tensors of the network after the `best` epoch so far."""

    network: nn.Module
    optimiser: AdamW
    average: Average
    generator: torch.Generator
    device: torch.device
    steps: int = 0
    curve: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    kept: dict[str, Tensor] = field(default_factory=dict)

    def to_bytes(self) -> bytes | None:
        """Return the state, or None for a network whose state is more than tensors."""
        import torch
        from safetensors.torch import save

        tensors: dict[str, Any] = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"kept.{name}": value for name, value in self.kept.items()}
        tensors |= {f"mean.{index}": value for index, value in enumerate(self.average.mean)}
        for index, state in self.optimiser.state.items():
            tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
        tensors |= {"generator.rows": self.generator.get_state(), "generator.torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            tensors[CUDA] = torch.cuda.get_rng_state(self.device)
        if not all(isinstance(value, torch.Tensor) for value in tensors.values()):
            return None
        header = {
            "format": FORMAT,
            "steps": self.steps,
            "seen": self.average.seen,
            "rates": self.optimiser.rates,
            "curve": [asdict(epoch) for epoch in self.curve],
            "best": self.best.number if self.best else 0,
        }
        # each with memory of its own: safetensors refuses tensors that share it
        own = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        return bytes(save(own, metadata={HEADER: canonical_json(header)}))

    def restore(self, content: bytes) -> bool:
        """Take over a state from its bytes.

        False, and nothing changed, where it is of another format, network or kind of device.
        """
        import torch
        from safetensors.torch import load

        header = _header(content)
        if header.get("format") != FORMAT:
            return False
        tensors = {name: value.clone() for name, value in load(content).items()}
        if (CUDA in tensors) != (self.device.type == "cuda"):
            return False
        network = _below(tensors, "network")
        own = self.network.state_dict()
        if {name: value.shape for name, value in network.items()} != {name: value.shape for name, value in own.items()}:
            return False
        self.network.load_state_dict(network)
        _restore_optimiser(self.optimiser, _below(tensors, "optimiser"), header["rates"])
        with torch.no_grad():
            for index, value in enumerate(self.average.mean):
                value.copy_(tensors[f"mean.{index}"])
        self.average.seen, self.steps = header["seen"], header["steps"]
        self.generator.set_state(tensors["generator.rows"])
        torch.set_rng_state(tensors["generator.torch"])
        if CUDA in tensors:
            torch.cuda.set_rng_state(tensors[CUDA], self.device)
        self.curve = [Epoch(**epoch) for epoch in header["curve"]]
        self.best = self.curve[header["best"] - 1] if header["best"] else None
        self.kept = _below(tensors, "kept")
        return True


def _header(content: bytes) -> dict[str, Any]:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size]).get("__metadata__", {}).get(HEADER, "{}")
    return dict(json.loads(header))


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return dict(_named(tensors, f"{prefix}."))


def _named(tensors: Mapping[str, Tensor], start: str) -> Iterator[tuple[str, Tensor]]:
    return ((name.removeprefix(start), value) for name, value in tensors.items() if name.startswith(start))


def _restore_optimiser(optimiser: AdamW, tensors: Mapping[str, Tensor], rates: list[float]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    optimiser.restore(state)
    optimiser.learning_rate = rates[0]
