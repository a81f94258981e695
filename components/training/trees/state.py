"""The state of a fit between two epochs: the trees so far and the curve, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

from sevenfold.training.protocol import Epoch

__all__ = ["State"]

FORMAT: Final = 1


@dataclass
class State:
    """All that the next epoch depends on besides the rows: the blocks of the trees of each epoch (see `text`)."""

    curve: list[Epoch] = field(default_factory=list)
    trees: list[list[str]] = field(default_factory=list)
    finished: bool = False  # no split is left that LightGBM would make

    @property
    def blocks(self) -> list[str]:
        """The trees of all epochs."""
        return [block for epoch in self.trees for block in epoch]

    def to_bytes(self) -> bytes:
        """Return the state; JSON keeps every float to the last bit."""
        curve = [asdict(epoch) for epoch in self.curve]
        return json.dumps({"format": FORMAT, "curve": curve, "trees": self.trees, "finished": self.finished}).encode()

    @classmethod
    def of(cls, content: bytes | None) -> State:
        """Read a state; a new one where there is none, or one of another format."""
        read = json.loads(content) if content else {}
        if read.get("format") != FORMAT:
            return cls()
        return cls([Epoch(**epoch) for epoch in read["curve"]], read["trees"], read["finished"])
