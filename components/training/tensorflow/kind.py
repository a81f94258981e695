"""Networks in TensorFlow as a kind of model: the built-in one, or the user's Keras model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import ModelKind, OnEpoch, Progress
from sevenfold.training.settings import FitSettings, default_space
from sevenfold.training.tensorflow.fit import Fitted, fit
from sevenfold.training.tensorflow.library import keras, versions
from sevenfold.training.tensorflow.model import Model, effective_settings
from sevenfold.training.tensorflow.rows import Splits, load_rows

__all__ = ["KerasKind"]


class KerasKind(ModelKind[Splits]):
    """A network in Keras on the CPU; an epoch is what it is for PyTorch's.

    Args:
        model: what builds it.
    """

    name = "network"
    framework = "tensorflow"

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def identity(self) -> dict[str, Any]:
        """The versions of TensorFlow and Keras, and the digest of the user's source."""
        return {**versions(), **self.digests}

    @property
    def digests(self) -> dict[str, str]:
        """The digest of the user's source, if there is one."""
        return {"source": self.model.source.digest} if self.model.source else {}

    def require(self, section: TrainingSection) -> None:
        """Raise where TensorFlow is not there.

        Raises:
            MissingExtraError: if it is not installed.
            TrainingError: ``keras_backend``.
        """
        keras()

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

    def encode(self, data: TrainingData) -> Splits:
        """Return the rows as arrays."""
        return load_rows(data)

    def fit(
        self,
        rows: Splits,
        section: TrainingSection,
        metric: str,
        *,
        settings: Mapping[str, Any] | None = None,
        max_epochs: int | None = None,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Fit the network, as `tensorflow.fit.fit` says."""
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
