"""A fit on an NVIDIA GPU: it repeats bit for bit, agrees with the CPU's, and says what a network may not do there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import Device, TrainingSection
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.export import raw_model
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.tensors import Tensors, load_tensors

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no NVIDIA GPU")

OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, signature):
        super().__init__()
        self.out = nn.Linear(len(signature.numeric), signature.outputs)

    def forward(self, numeric, categorical):
        {body}
        return self.out(numeric)

def build_model(signature):
    return Net(signature)
"""


@pytest.fixture
def on_gpu(section: TrainingSection) -> TrainingSection:
    return section.replaced(device=Device.CUDA, max_epochs=6, settings={"dropout": 0.2})


def weights(fitted: Fitted) -> list[torch.Tensor]:
    return list(fitted.network.state_dict().values())


class Memory:
    def __init__(self, earlier: bytes | None = None) -> None:
        self.earlier, self.states = earlier, list[bytes | None]()

    def read(self) -> bytes | None:
        return self.earlier

    def offer(self, content: Callable[[], bytes | None]) -> None:
        self.states.append(content())


def test_it_repeats_and_goes_on_to_the_same_weights(tensors: Tensors, on_gpu: TrainingSection) -> None:
    memory = Memory()
    first = fit(tensors, on_gpu, "roc_auc", progress=memory)
    for again in (fit(tensors, on_gpu, "roc_auc"), fit(tensors, on_gpu, "roc_auc", progress=Memory(memory.states[2]))):
        assert all(torch.equal(one, other) for one, other in zip(weights(first), weights(again), strict=True))
        assert [epoch.train_loss for epoch in first.curve] == [epoch.train_loss for epoch in again.curve]
    assert all(tensor.device.type == "cpu" for tensor in weights(first))


@pytest.mark.parametrize(("table", "metric"), [("mixed", "roc_auc"), ("iris", "log_loss"), ("diabetes", "rmse")])
def test_it_learns_what_the_cpu_learns(
    table: str, metric: str, on_gpu: TrainingSection, request: pytest.FixtureRequest
) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(table)))
    plain = on_gpu.replaced(settings={"dropout": 0.0})
    gpu, cpu = (fit(tensors, plain.replaced(device=device), metric) for device in (Device.CUDA, Device.CPU))
    assert gpu.curve[0].train_loss == pytest.approx(cpu.curve[0].train_loss, rel=1e-3)
    for one, other in zip(gpu.curve, cpu.curve, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-2)
    assert gpu.score == pytest.approx(cpu.score, rel=1e-2)


def test_its_graph_gives_the_networks_predictions(
    mixed: Dataset, tensors: Tensors, on_gpu: TrainingSection, tmp_path: Path
) -> None:
    fitted = fit(tensors, on_gpu, "roc_auc")
    path = tmp_path / "model.onnx"
    path.write_bytes(raw_model(fitted.network, tensors.validation, mixed.transform(), tensors.signature))
    feeds = feeds_from_table(mixed.table("validation"), tensors.signature.inputs)
    served = Scorer(path, tensors.signature).predict(feeds).probabilities
    with torch.no_grad():
        logits = fitted.network(tensors.validation.numeric, tensors.validation.categorical)
    assert served is not None
    np.testing.assert_allclose(served, logits.softmax(dim=1).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("numeric = numeric + torch.zeros(numeric.shape[1])", "device_mixed"),
        ("numeric = numeric + 0 * torch.histc(numeric, bins=4).sum()", "not_repeatable"),
        ("numeric = numeric + torch.zeros(2**46, device=numeric.device).sum()", "gpu_memory"),
    ],
)
def test_what_a_network_may_not_do_on_a_gpu_is_named(
    body: str, code: str, tensors: Tensors, on_gpu: TrainingSection, source: Callable[[str], str]
) -> None:
    own = on_gpu.replaced(source=source(OWN.format(body=body)), settings={})
    with pytest.raises(TrainingError) as caught:
        fit(tensors, own, "roc_auc")
    assert caught.value.code == code
