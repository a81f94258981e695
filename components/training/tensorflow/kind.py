"""Networks in TensorFlow as a kind of model: the built-in one, or the user's Keras model."""

from __future__ import annotations

from typing import Any

from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.network_kind import AnyNetwork
from sevenfold.training.protocol import OnEpoch, Progress
from sevenfold.training.tensorflow.fit import Fitted, fit
from sevenfold.training.tensorflow.library import keras, versions
from sevenfold.training.tensorflow.model import Model
from sevenfold.training.tensorflow.rows import Splits, load_rows

__all__ = ["KerasKind"]


class KerasKind(AnyNetwork[Splits]):
    """A network in Keras on the CPU; an epoch is what it is for PyTorch's.

    Args:
        model: what builds it.
    """

    framework = "tensorflow"

    def __init__(self, model: Model) -> None:
        super().__init__(model.source)
        self.model = model

    @property
    def identity(self) -> dict[str, Any]:
        """The versions of TensorFlow and Keras, and the digest of the user's source."""
        return {**versions(), **self.digests}

    def require(self, section: TrainingSection) -> None:
        """Raise where TensorFlow is not there.

        Raises:
            MissingExtraError: if it is not installed.
            TrainingError: ``keras_backend``.
        """
        keras()

    def encode(self, data: TrainingData) -> Splits:
        """Return the rows as arrays."""
        return load_rows(data)

    def fit(
        self,
        rows: Splits,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Fit the network, as `tensorflow.fit.fit` says."""
        return fit(rows, section, metric, on_epoch=on_epoch, progress=progress, model=self.model)
