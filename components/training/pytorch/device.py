"""The device of a fit: the CPU or one NVIDIA GPU, set up so that the fit repeats bit for bit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import Device

if TYPE_CHECKING:
    import torch

__all__ = ["device_of", "reproducible", "require_gpus"]

WORKSPACE: Final = "CUBLAS_WORKSPACE_CONFIG"
REPEATABLE: Final = (":4096:8", ":16:8")  # the workspaces with which cuBLAS sums in one order


def device_of(wanted: Device) -> torch.device:
    """Return torch's device for the plan's; of several GPUs the current one.

    Raises:
        TrainingError: ``no_cuda`` where torch has no CUDA or sees no GPU.
    """
    import torch

    if wanted is Device.CPU:
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    built = torch.version.cuda
    state = f"was built for CUDA {built} and sees none" if built else "was built without CUDA"
    image = "name an image with torch's CUDA build as images.train (docker/README.md says how to build it)"
    raise TrainingError(
        "no_cuda",
        f"training.device: cuda needs an NVIDIA GPU that torch can use, but torch {torch.__version__} {state}.",
        remedy=f"On a cluster {'set resources.tuning.gpu and resources.training.gpu to 1' if built else image}; "
        "or write training.device: cpu.",
    )


def require_gpus(processes: int) -> None:
    """Raise where a process would have no GPU of its own.

    Raises:
        TrainingError: ``too_few_gpus``.
    """
    import torch

    gpus = torch.cuda.device_count()
    if gpus < processes:
        raise TrainingError(
            "too_few_gpus",
            f"With training.device: cuda each process needs a GPU of its own, but {processes} processes have {gpus}.",
            remedy=f"Write training.processes: {gpus}, or on a cluster resources.training.gpu: {processes}.",
        )


@contextmanager
def reproducible(device: torch.device, seed: int, threads: int) -> Iterator[None]:
    """Fix what the bits of a fit depend on, and restore it: seed, threads, and on a GPU the order of sums.

    Raises:
        TrainingError: for what a network can do wrong on a GPU alone: ``not_repeatable``, ``device_mixed``,
            ``gpu_memory``.
    """
    import torch

    on_gpu, before = device.type == "cuda", torch.get_num_threads()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if on_gpu else []):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        try:
            if not on_gpu:
                yield
            else:
                with _ordered_sums(), _with_remedy():
                    yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def _ordered_sums() -> Iterator[None]:
    """Let torch choose operations that give the same bits every time, and refuse those that have no such form."""
    import torch

    strict = torch.are_deterministic_algorithms_enabled()
    warning = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, workspace = torch.backends.cudnn.benchmark, os.environ.get(WORKSPACE)
    if workspace not in REPEATABLE:
        os.environ[WORKSPACE] = REPEATABLE[0]  # cuBLAS reads it there and nowhere else
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = benchmark
        torch.use_deterministic_algorithms(strict, warn_only=warning)
        if workspace is None:
            os.environ.pop(WORKSPACE, None)
        else:
            os.environ[WORKSPACE] = workspace


@contextmanager
def _with_remedy() -> Iterator[None]:
    """Turn torch's errors of a GPU into errors with a remedy in the plan; every other error passes."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "gpu_memory",
            f"Rows, network and one batch must fit the GPU's memory, but: {_first_line(error)}",
            remedy="Lower training.batch_size or training.settings.width, or write training.device: cpu.",
        ) from error
    except RuntimeError as error:
        message = _first_line(error)
        if "determinis" in message:
            raise TrainingError(
                "not_repeatable",
                f"On a GPU a network may use only operations that give the same bits every time, but: {message}",
                remedy="Use another operation in build_model's network, or write training.device: cpu. If a program "
                f"used CUDA before the fit, start it with {WORKSPACE}={REPEATABLE[0]}.",
            ) from error
        if "same device" in message:
            raise TrainingError(
                "device_mixed",
                f"All tensors of a network must be on the GPU with its inputs, but: {message}",
                remedy="Keep constants with register_buffer, and make new tensors with device=numeric.device.",
            ) from error
        raise


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
