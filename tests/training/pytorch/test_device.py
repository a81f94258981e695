"""The device of a fit. CUDA's errors are raised by hand: these tests need no GPU."""

from __future__ import annotations

import os

import pytest
import torch

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import Device, TrainingSection
from sevenfold.training.pytorch import device as device_module
from sevenfold.training.pytorch.device import device_of, reproducible
from sevenfold.training.pytorch.fit import fit
from sevenfold.training.pytorch.tensors import Tensors

GPU = torch.device("cuda")
no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def settings() -> tuple[object, ...]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        os.environ.get(device_module.WORKSPACE),
    )


@no_gpu
@pytest.mark.parametrize(
    ("built", "remedy"), [(None, "images.train"), ("13.0", "resources.tuning.gpu and resources.training.gpu to 1")]
)
def test_a_gpu_that_is_not_there_is_an_error_before_anything_is_fitted(
    monkeypatch: pytest.MonkeyPatch, tensors: Tensors, section: TrainingSection, built: str | None, remedy: str
) -> None:
    monkeypatch.setattr(torch.version, "cuda", built)
    with pytest.raises(TrainingError, match=remedy) as caught:
        fit(tensors, section.replaced(device=Device.CUDA), "roc_auc")
    assert caught.value.code == "no_cuda"


def test_the_cpu_needs_no_gpu() -> None:
    assert device_of(Device.CPU) == torch.device("cpu")


def test_sums_are_ordered_inside_and_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(device_module.WORKSPACE, ":0:0")
    before = settings()
    with reproducible(GPU, 3, 1):
        torch.rand(5)
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ[device_module.WORKSPACE] in device_module.REPEATABLE
    assert settings() == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "gpu_memory"),
        (RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation"), "not_repeatable"),
        (RuntimeError("Expected all tensors to be on the same device, but found cuda:0 and cpu!"), "device_mixed"),
    ],
)
def test_an_error_of_torch_on_a_gpu_gets_a_remedy(error: RuntimeError, code: str) -> None:
    before = settings()
    with pytest.raises(TrainingError) as caught, reproducible(GPU, 3, 1):
        raise error
    assert caught.value.code == code
    assert str(error) in str(caught.value)
    assert settings() == before


@pytest.mark.parametrize("device", [GPU, torch.device("cpu")])
def test_another_error_passes_as_it_is(device: torch.device) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught, reproducible(device, 3, 1):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert type(caught.value) is RuntimeError
