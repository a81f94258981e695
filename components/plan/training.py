"""Section `training`: the model and how it is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field

from sevenfold.plan.section import Section
from sevenfold.plan.trainjob import TrainJobSection

__all__ = ["Device", "Framework", "ModelChoice", "TrainingSection"]

MOST_PROCESSES: Final = 16  # each takes a row of the smallest batch


class Framework(StrEnum):
    """What the model is built with; every one ends in `model.onnx`."""

    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"
    ONNX = "onnx"


class ModelChoice(StrEnum):
    """The kind of model."""

    AUTO = "auto"
    TREES = "trees"
    NETWORK = "network"
    LINEAR = "linear"


class Device(StrEnum):
    """The device of the fits in tuning and training; everything else runs on the CPU."""

    CPU = "cpu"
    CUDA = "cuda"


class TrainingSection(Section):
    """Framework, model, settings."""

    model: Annotated[
        ModelChoice,
        Field(
            description="Kind of model: trees, network, linear, or auto, where tuning chooses "
            "among them; without trials auto takes the network."
        ),
    ] = ModelChoice.AUTO
    framework: Annotated[Framework, Field(description="Framework of the model: pytorch, tensorflow or onnx.")] = (
        Framework.PYTORCH
    )
    source: Annotated[
        str,
        Field(
            description="File or package folder with build_model(signature, **settings), or for framework: onnx with "
            "train(dataset, settings); empty takes the built-in model."
        ),
    ] = ""
    settings: Annotated[
        dict[str, Any],
        Field(
            description="Settings of the model and its fit; tuning may change those that it searches. "
            "With model: auto a name begins with the kind, as in trees.learning_rate."
        ),
    ] = {}
    max_epochs: Annotated[int, Field(description="Largest number of epochs.", ge=1)] = 20
    patience: Annotated[
        int, Field(description="Number of epochs without a better validation score after which training stops.", ge=1)
    ] = 4
    batch_size: Annotated[int, Field(description="Number of rows per training step.", ge=1)] = 1_024
    class_weights: Annotated[
        Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]],
        Field(
            description="What a row of each class counts in the loss: class to number, 1 for one that is not named; "
            "or balanced, which makes all classes count alike. Predicted probabilities shift with it."
        ),
    ] = {}
    seed: Annotated[int, Field(description="Seed of the weights and of shuffling.", ge=0)] = 7
    threads: Annotated[
        int, Field(description="Number of CPU threads; part of the digest, since sums depend on it.", ge=1)
    ] = 1
    processes: Annotated[
        int,
        Field(
            description="Number of processes of the machine that share each batch when the network is fitted, started "
            "by torchrun; with device: cuda each has a GPU of its own. Part of the digest. Trials take one.",
            ge=1,
            le=MOST_PROCESSES,
        ),
    ] = 1
    trainjob: Annotated[
        TrainJobSection,
        Field(description="Pods of a cluster that fit the network together, by Kubeflow Trainer. Trials take none."),
    ] = TrainJobSection()
    device: Annotated[
        Device,
        Field(description="Device of the fits, in tuning too: cpu, or cuda for one NVIDIA GPU; part of the digest."),
    ] = Device.CPU

    @property
    def alone(self) -> Self:
        """The section as a fit in one process has it: trials and rehearsals are many, or small."""
        return self.replaced(processes=1, trainjob={})

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """Return the section with settings on top of its own, as a trial draws them."""
        return self.model_copy(update={"settings": {**self.settings, **settings}})

    @property
    def leaves_choice(self) -> bool:
        """Whether tuning chooses among kinds of models; a source or another framework has chosen already."""
        return self.model is ModelChoice.AUTO and self.framework is Framework.PYTORCH and not self.source

    def of(self, kind: str) -> Self:
        """Return the section of one kind of model; where several are tried, settings begin with their kind's name."""
        if not self.leaves_choice:
            return self
        start = f"{kind}."
        own = {name.removeprefix(start): value for name, value in self.settings.items() if name.startswith(start)}
        return self.model_copy(update={"settings": own})
