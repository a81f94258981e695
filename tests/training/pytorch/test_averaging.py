from __future__ import annotations

import pytest
import torch
from torch import nn

from sevenfold.training.pytorch.averaging import Average


def test_the_average_forgets_as_it_says() -> None:
    layer = nn.Linear(1, 1, bias=False)
    average, expected = Average(layer, 5.0), float(layer.weight.detach())
    for step in range(1, 30):
        with torch.no_grad():
            layer.weight.fill_(float(step))
        average.update()
        share = 1 / min(5.0, 1 + step / 3)
        expected += share * (step - expected)
    with average.applied():
        assert float(layer.weight.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(layer.weight.detach()) == 29


def test_weights_come_back_after_an_error() -> None:
    layer = nn.Linear(1, 1)
    average = Average(layer, 5.0)
    before = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight.add_(1)
    average.update()
    with pytest.raises(RuntimeError), average.applied():
        raise RuntimeError
    assert torch.equal(layer.weight.detach(), before + 1)


def test_without_a_span_the_last_step_counts() -> None:
    layer = nn.Linear(1, 1)
    average = Average(layer, 0.0)
    with torch.no_grad():
        layer.weight.fill_(4.0)
    average.update()
    with average.applied():
        assert float(layer.weight.detach()) == 4
