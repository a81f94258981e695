"""The built-in network for tables: encoded numbers and embedded categories into a small residual-free MLP.

This module imports torch, so others import it inside the function that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch  # noqa: TID253 - a network is a class of torch's
from numpy.typing import NDArray
from torch import Tensor, nn  # noqa: TID253

from sevenfold.contracts.transform import UNKNOWN_CODE
from sevenfold.training.settings import NetworkSettings

__all__ = ["ByteDropout", "PiecewiseLinear", "TabularNetwork"]

BYTES = 8  # random bytes per int64


def random_bytes(shape: Sequence[int], device: torch.device) -> Tensor:
    """Return uint8 of a shape, even from 0 to 255: on a CPU a sixth of the time that as many random numbers take."""
    count = math.prod(shape)
    drawn = torch.empty(-(-count // BYTES), dtype=torch.int64, device=device).random_(-(2**63), None)
    return drawn.view(torch.uint8)[:count].view(tuple(shape))


class PiecewiseLinear(nn.Module):
    """Encode numbers by the pieces they have passed (Gorishniy et al. 2022, arXiv:2203.05556).

    Piece t of a number x with edges ``b`` becomes ``clip((x - b[t]) / (b[t+1] - b[t]), 0, 1)``. A value beyond the
    first or last edge counts as that edge, so nothing is extrapolated from what training never saw.

    Args:
        edges: ascending edges per column, as `edges.bin_edges` gives them.
    """

    def __init__(self, edges: Sequence[NDArray[np.float32]]) -> None:
        super().__init__()
        column_of = [column for column, ends in enumerate(edges) for _ in ends[1:]]
        low = np.concatenate([ends[:-1] for ends in edges]) if edges else np.zeros(0, np.float32)
        width = np.concatenate([np.diff(ends) for ends in edges]) if edges else np.zeros(0, np.float32)
        # "place" is the name that model.safetensors has for it
        self.register_buffer("place", torch.tensor(column_of, dtype=torch.int64))
        self.register_buffer("low", torch.from_numpy(low.astype(np.float32)))
        self.register_buffer("slope", torch.from_numpy((1.0 / width).astype(np.float32)))
        self.pieces = len(column_of)

    def forward(self, numeric: Tensor) -> Tensor:
        """Return ``[rows, pieces]`` for ``[rows, columns]``."""
        return ((numeric.index_select(1, self.place) - self.low) * self.slope).clamp(0.0, 1.0)


class ByteDropout(nn.Module):
    """Dropout whose mask costs one random byte per unit, a third of the time of torch's; `share` in steps of 1/256."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.limit = round(share * 256)

    def forward(self, values: Tensor) -> Tensor:
        """Return the values, in training a share of them 0 and the others scaled up to keep the mean."""
        if not self.training or self.limit == 0:
            return values
        kept = random_bytes(values.shape, values.device) >= self.limit
        return values * (kept.to(values.dtype) * (256 / (256 - self.limit)))


class TabularNetwork(nn.Module):
    """An MLP over piecewise-linear numbers and embedded categories, with members that share its weights.

    With ``ensemble > 1`` every member has scales and shifts of its own on the hidden units and its own last layer, and
    the members' outputs are averaged (after TabM, Gorishniy et al. 2024, arXiv:2410.24210). In training mode `forward`
    gives ``[rows, members, outputs]``, else their mean ``[rows, outputs]``.

    Args:
        edges: of the numeric inputs, as `edges.bin_edges` gives them.
        cardinalities: number of codes of each categorical input.
        outputs: logits (one per class), or 1 for a value.
        settings: width, depth, dropout, embedding_width, bins, ensemble.
    """

    def __init__(
        self,
        edges: Sequence[NDArray[np.float32]],
        cardinalities: Sequence[int],
        outputs: int,
        settings: NetworkSettings,
    ) -> None:
        super().__init__()
        width, members = settings.width, settings.ensemble
        self.numbers = PiecewiseLinear(edges) if edges else None
        self.embedding = None
        fed = self.numbers.pieces if self.numbers else 0
        if cardinalities:
            self.embedding = nn.Parameter(torch.randn(sum(cardinalities), settings.embedding_width) * 0.1)
            starts = torch.tensor([0, *cardinalities[:-1]], dtype=torch.int64).cumsum(0)
            self.register_buffer("starts", starts)
            fed += len(cardinalities) * settings.embedding_width
        self.first = nn.Linear(fed, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(settings.depth - 1))
        self.dropout = ByteDropout(settings.dropout)
        self.unknown = round(settings.unknown * 256)
        self.scales = self.shifts = None
        if members > 1:
            signs = torch.randint(0, 2, (settings.depth, members, width)) * 2.0 - 1.0
            self.scales = nn.Parameter(signs)
            self.shifts = nn.Parameter(torch.zeros(settings.depth, members, width))
        self.last = nn.Parameter(torch.randn(members, width, outputs) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Return logits or standardised values for numeric float32 ``[n, N]`` and categorical int64 ``[n, C]``."""
        fed = [self.numbers(numeric)] if self.numbers is not None else []
        if self.embedding is not None:
            if self.training and self.unknown:
                known = random_bytes(categorical.shape, categorical.device) >= self.unknown
                categorical = categorical.where(known, UNKNOWN_CODE)
            codes = (categorical + self.starts).flatten()
            # index_select is differentiated three times as fast as nn.Embedding
            fed.append(self.embedding.index_select(0, codes).view(-1, len(self.starts) * self.embedding.shape[1]))
        hidden = self._member(self.first(torch.cat(fed, 1)).unsqueeze(0), 0)
        for depth, layer in enumerate(self.hidden, start=1):
            hidden = self._member(layer(hidden), depth)
        outputs = torch.baddbmm(self.bias, hidden, self.last)
        return outputs.transpose(0, 1) if self.training else outputs.mean(0)

    def _member(self, hidden: Tensor, depth: int) -> Tensor:
        """Give each member its own view of a layer: ``[1 or members, rows, width]`` to ``[members, rows, width]``."""
        if self.scales is not None and self.shifts is not None:
            hidden = hidden * self.scales[depth].unsqueeze(1) + self.shifts[depth].unsqueeze(1)
        return self.dropout(torch.relu(hidden))
