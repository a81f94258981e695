"""The training loop on a table in memory: ``python -m benchmarks.training``.

Both sides train the same small network on the same rows in the same order and must see the same losses; the peer is
torch's `DataLoader` over a `TensorDataset`. CPU seconds, one thread, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.pairs import compare
from benchmarks.rows import Row, parser, report
from sevenfold.training.pytorch.fit import run_epoch
from sevenfold.training.pytorch.group import ALONE
from sevenfold.training.pytorch.tensors import Rows

TABLE_ROWS, QUICK_ROWS, COLUMNS, CODES = 100_000, 4_000, 20, 3
Step = Callable[[Tensor, Tensor, Tensor], Tensor]
Epoch = Callable[[Rows, Tensor, int], list[Tensor]]


class Network(nn.Module):
    """20 numbers and 3 embedded categories into 64 units, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 4)
        self.layers = nn.Sequential(
            nn.Linear(COLUMNS + 4 * CODES, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
        )

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.layers(torch.cat([numeric, self.embedding(categorical).flatten(1)], 1))
        return logits


def _step() -> Step:
    torch.manual_seed(1)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)

    def step(numeric: Tensor, categorical: Tensor, target: Tensor) -> Tensor:
        loss = functional.cross_entropy(network(numeric, categorical), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step


def _sliced(rows: Rows, order: Tensor, batch_size: int) -> list[Tensor]:
    step = _step()
    return run_epoch(
        rows, ALONE.parts(order, batch_size), lambda batch, share: step(batch.numeric, batch.categorical, batch.target)
    )


def _loaded(rows: Rows, order: Tensor, batch_size: int) -> list[Tensor]:
    step = _step()
    table = TensorDataset(rows.numeric, rows.categorical, rows.target)
    return [step(*batch) for batch in DataLoader(table, batch_size=batch_size, sampler=order.tolist())]


def measure(pairs: int, *, quick: bool) -> Iterator[Row]:
    """Compare CPU microseconds per row of one epoch, for both batch sizes."""
    torch.set_num_threads(1)
    count = QUICK_ROWS if quick else TABLE_ROWS
    generator = torch.Generator().manual_seed(1)
    numeric = torch.randn(count, COLUMNS, generator=generator)
    rows = Rows(numeric, torch.randint(0, 50, (count, CODES), generator=generator), (numeric[:, 0] > 0).to(torch.int64))
    order = torch.randperm(count, generator=generator)

    def cost(epoch: Epoch, batch_size: int) -> float:
        started = time.process_time()
        epoch(rows, order, batch_size)
        return (time.process_time() - started) / count * 1e6

    for size in (256, 1_024):
        ours, theirs = (torch.stack(epoch(rows, order, size)) for epoch in (_sliced, _loaded))
        assert torch.equal(ours, theirs), "both must see the same losses"
        yield compare(
            f"training loop, batch {size}",
            partial(cost, _sliced, size),
            partial(cost, _loaded, size),
            pairs=pairs,
            quick=quick,
        )


if __name__ == "__main__":
    options = parser("training", __doc__).parse_args()
    report(measure(options.pairs, quick=options.quick), options.rows)
