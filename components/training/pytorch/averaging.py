"""Averaged weights: smoother than the last step's, and better on rows of another month (Izmailov et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Average"]


class Average:
    """The exponential moving average of a network's parameters.

    Args:
        network: the network that is trained.
        steps: how many steps back it reaches, on average; below 1 there is no average, and `mean` is empty.
    """

    def __init__(self, network: nn.Module, steps: float) -> None:
        self._parameters = [parameter.detach() for parameter in network.parameters()]
        self._steps = steps
        self.seen = 0  # steps taken in so far
        self.mean: list[Tensor] = [parameter.clone() for parameter in self._parameters] if steps >= 1 else []

    def update(self) -> None:
        """Take in the parameters after a step; early on, the average reaches back a third of the steps so far."""
        if not self.mean:
            return
        import torch

        self.seen += 1
        torch._foreach_lerp_(self.mean, self._parameters, 1.0 / min(self._steps, 1.0 + self.seen / 3))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use the average as the network's parameters inside a `with` block."""
        if not self.mean:
            yield
            return
        kept = [parameter.clone() for parameter in self._parameters]
        self._copy(self.mean)
        try:
            yield
        finally:
            self._copy(kept)

    def _copy(self, values: list[object]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)
