"""Our AdamW against torch's own, bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sevenfold.training.pytorch.adamw import AdamW


class Net(nn.Module):
    """Matrices, vectors and a parameter that never gets a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
        self.unused = nn.Parameter(torch.ones(2, 2))
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.body(values) * self.scale


def two_networks() -> tuple[Net, Net]:
    torch.manual_seed(4)
    one, other = Net(), Net()
    other.load_state_dict(one.state_dict())
    return one, other


def peer_of(network: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    matrices = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in network.parameters() if parameter.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def backward(network: Net, values: torch.Tensor) -> None:
    network.zero_grad(set_to_none=True)
    network(values).pow(2).sum().backward()


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_steps_are_those_of_torch(weight_decay: float) -> None:
    one, other = two_networks()
    ours, theirs = AdamW(one, 0.01, weight_decay), peer_of(other, 0.01, weight_decay)
    for step in range(1, 60):
        values, rate = torch.randn(8, 5), 0.01 * min(step, 20) / 20
        ours.learning_rate = rate
        for group in theirs.param_groups:
            group["lr"] = rate
        backward(one, values)
        backward(other, values)
        ours.step()
        theirs.step()
    assert all(torch.equal(mine, peer) for mine, peer in zip(one.parameters(), other.parameters(), strict=True))
    assert torch.equal(one.unused.detach(), torch.ones(2, 2))
    state = theirs.state_dict()["state"]
    assert ours.state.keys() == state.keys()
    for index, values_ in ours.state.items():
        assert values_.keys() == state[index].keys()
        assert all(torch.equal(values_[name], state[index][name]) for name in values_)
    assert ours.rates == [group["lr"] for group in theirs.param_groups]


def test_a_restored_optimiser_continues_with_the_same_steps() -> None:
    one, other = two_networks()
    ours = AdamW(one, 0.01, 0.1)
    for _ in range(5):
        backward(one, torch.randn(8, 5))
        ours.step()
    other.load_state_dict(one.state_dict())
    later = AdamW(other, 0.01, 0.1)
    later.restore(
        {index: {name: value.clone() for name, value in state.items()} for index, state in ours.state.items()}
    )
    for _ in range(5):
        values = torch.randn(8, 5)
        backward(one, values)
        backward(other, values)
        ours.step()
        later.step()
    assert all(torch.equal(mine, peer) for mine, peer in zip(one.parameters(), other.parameters(), strict=True))
