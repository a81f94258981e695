"""Networks in PyTorch as a kind of model: the built-in one, or the user's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sevenfold.plan.training import Device, TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.network_kind import AnyNetwork
from sevenfold.training.protocol import OnEpoch, Progress
from sevenfold.training.pytorch.device import device_of, require_gpus
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.processes import fit_in_processes
from sevenfold.training.pytorch.tensors import Tensors, load_tensors
from sevenfold.training.pytorch.trainjob import fit_in_trainjob

__all__ = ["NetworkKind"]


class NetworkKind(AnyNetwork[Tensors]):
    """A network; an epoch goes through all training rows once, of a small table several times.

    Args:
        model: what builds it.
        shared: address of the store that the pods of a TrainJob reach too; None where there is none.
    """

    framework = "pytorch"

    def __init__(self, model: Model, shared: str | None = None) -> None:
        super().__init__(model.source)
        self.model, self.shared = model, shared

    @property
    def identity(self) -> dict[str, Any]:
        """Torch's version and the digest of the user's source."""
        import torch

        return {"torch": torch.__version__, **self.digests}

    def require(self, section: TrainingSection) -> None:
        """Raise where the plan's device is not there, or not for each process.

        Raises:
            TrainingError: ``no_cuda`` or ``too_few_gpus``.
        """
        device_of(section.device)
        if section.device is Device.CUDA:
            require_gpus(section.processes)

    def encode(self, data: TrainingData) -> Tensors:
        """Return the rows as tensors on the CPU."""
        return load_tensors(data)

    def fit(
        self,
        rows: Tensors,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Fit the network, as `fit`, `fit_in_processes` or `fit_in_trainjob` of this room say."""
        chosen: Callable[..., Fitted] = fit_in_processes if section.processes > 1 else fit
        if section.trainjob.nodes:
            chosen = partial(fit_in_trainjob, shared=self.shared)
        return chosen(rows, section, metric, on_epoch=on_epoch, progress=progress, model=self.model)
