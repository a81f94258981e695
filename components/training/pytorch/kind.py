"""Networks in PyTorch as a kind of model: the built-in one, or the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import ModelKind, OnEpoch, Progress
from sevenfold.training.pytorch.device import device_of
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.model import Model, effective_settings
from sevenfold.training.pytorch.tensors import Tensors, load_tensors
from sevenfold.training.settings import FitSettings, default_space

__all__ = ["NetworkKind"]


class NetworkKind(ModelKind[Tensors]):
    """A network; an epoch goes through all training rows once, of a small table several times.

    Args:
        model: what builds it.
    """

    name = "network"
    framework = "pytorch"

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def identity(self) -> dict[str, Any]:
        """Torch's version and the digest of the user's source."""
        import torch

        return {"torch": torch.__version__, **self.digests}

    @property
    def digests(self) -> dict[str, str]:
        """The digest of the user's source, if there is one."""
        return {"source": self.model.source.digest} if self.model.source else {}

    def require(self, section: TrainingSection) -> None:
        """Raise where the plan's device is not there.

        Raises:
            TrainingError: ``no_cuda``.
        """
        device_of(section.device)

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings, defaults included.

        Raises:
            TrainingError: ``unknown_setting`` (built-in network only) or ``setting``.
        """
        return effective_settings(self.model, settings)

    def space(self) -> dict[str, Dimension]:
        """Return the space of the built-in network; a user's own shares the settings of the fit alone."""
        builtin = self.model.source is None
        return {name: range_ for name, range_ in default_space().items() if builtin or name in FitSettings.model_fields}

    def encode(self, data: TrainingData) -> Tensors:
        """Return the rows as tensors on the CPU."""
        return load_tensors(data)

    def fit(
        self,
        rows: Tensors,
        section: TrainingSection,
        metric: str,
        *,
        settings: Mapping[str, Any] | None = None,
        max_epochs: int | None = None,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Fit the network, as `pytorch.fit.fit` says."""
        return fit(
            rows,
            section,
            metric,
            settings=settings,
            max_epochs=max_epochs,
            on_epoch=on_epoch,
            model=self.model,
            progress=progress,
        )
