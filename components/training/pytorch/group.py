"""The processes that fit one network together: each takes a part of every batch, and all take the same step.

Data parallelism as in PyTorch Distributed (Li et al. 2020): the gradients of the parts are averaged before the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["ALONE", "Group", "Part", "Processes"]


@dataclass(frozen=True)
class Part:
    """One process' part of a batch: which rows, int64 ``[rows]``, and what its mean loss counts in the batch's."""

    order: Tensor
    share: float = 1.0


class Group:
    """A process alone: its part is the whole batch."""

    def join(self, network: nn.Module) -> nn.Module:
        """Return what is called instead of the network in training, so that the gradients are those of all parts."""
        return network

    def parts(self, order: Tensor, batch_size: int, weights: Tensor | None = None) -> Sequence[Part]:
        """Return this process' part of each batch.

        Args:
            order: the rows of an epoch, int64 ``[n]``, the same in every process.
            batch_size: rows of a batch; the last may have fewer.
            weights: what each row counts in the loss, float32, by its number; None where all count alike.
        """
        return [Part(batch) for batch in order.split(batch_size)]

    def begin(self, epoch: int, seed: int) -> None:
        """Prepare the random numbers of an epoch."""

    def mean(self, losses: Tensor) -> float:
        """Return the mean loss of all processes' parts."""
        return float(losses.mean())

    @property
    def scores(self) -> bool:
        """Whether this process scores the validation rows."""
        return True

    def agree(self, values: Sequence[float]) -> Sequence[float]:
        """Return the values of the process that scores, in every process."""
        return values


ALONE = Group()


@dataclass(frozen=True)
class Processes(Group):
    """One of `size` processes, whose process group torch has begun."""

    rank: int
    size: int
    device: torch.device
    finds_unused: bool  # a user's network may leave a parameter out; looking for it costs a walk of the graph

    def join(self, network: nn.Module) -> nn.Module:
        """Return the network as torch's `DistributedDataParallel`; buffers are those of the first process."""
        from torch.nn.parallel import DistributedDataParallel

        devices: Any = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=devices, find_unused_parameters=self.finds_unused)

    def parts(self, order: Tensor, batch_size: int, weights: Tensor | None = None) -> Sequence[Part]:
        """Return the parts: as even as can be.

        A share is such that torch's average over the processes is the mean of the batch. Where a batch has fewer rows
        than there are processes, some take a row of it that counts nothing, since every process must take every step.
        """
        return [self._part(batch, weights) for batch in order.split(batch_size)]

    def _part(self, batch: Tensor, weights: Tensor | None) -> Part:
        own = batch.tensor_split(self.size)[self.rank]
        if not len(own):
            return Part(batch[:1], 0.0)
        if weights is None:
            return Part(own, len(own) * self.size / len(batch))
        return Part(own, float(weights[own].double().sum() * self.size / weights[batch].double().sum()))

    def begin(self, epoch: int, seed: int) -> None:
        """Seed anew: each process draws its own numbers, and a fit that goes on draws what it would have drawn."""
        import torch

        torch.manual_seed((seed * 1_000_003 + epoch) * 1_009 + self.rank)

    def mean(self, losses: Tensor) -> float:
        """Return the mean over steps and processes."""
        from torch import distributed

        total = losses.sum()
        distributed.all_reduce(total)
        return float(total) / (len(losses) * self.size)

    @property
    def scores(self) -> bool:
        """Whether this is the first process: the weights are the same in all."""
        return self.rank == 0

    def agree(self, values: Sequence[float]) -> Sequence[float]:
        """Return the first process' values."""
        import torch
        from torch import distributed

        sent = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.broadcast(sent, 0)
        return [float(value) for value in sent]
