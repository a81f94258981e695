"""Section `training`: the model and how it is fitted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["Device", "Framework", "TrainingSection"]


class Framework(StrEnum):
    """What the model is built with; every one ends in `model.onnx`."""

    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"
    ONNX = "onnx"


class Device(StrEnum):
    """What computes the fits of tuning and training; all else runs on the CPU."""

    CPU = "cpu"
    CUDA = "cuda"


class TrainingSection(Section):
    """Framework, model, settings."""

    framework: Annotated[Framework, Field(description="pytorch, tensorflow or onnx.")] = Framework.PYTORCH
    source: Annotated[
        str,
        Field(
            description="File or package folder with build_model(signature, **settings); empty: the built-in network."
        ),
    ] = ""
    settings: Annotated[
        dict[str, Any],
        Field(description="Settings of the model and its optimiser; tuning may change those it searches."),
    ] = {}
    max_epochs: Annotated[int, Field(description="Most epochs.", ge=1)] = 20
    patience: Annotated[
        int, Field(description="Stop after this many epochs without a better validation score.", ge=1)
    ] = 4
    batch_size: Annotated[int, Field(description="Rows per step.", ge=1)] = 1_024
    seed: Annotated[int, Field(description="Seed of weights and shuffling.", ge=0)] = 7
    threads: Annotated[int, Field(description="CPU threads; part of the digest, since sums depend on it.", ge=1)] = 1
    device: Annotated[
        Device,
        Field(description="cpu, or cuda for one NVIDIA GPU, in tuning too; part of the digest, as threads are."),
    ] = Device.CPU
