"""What every kind of model is to tuning and training: settings, a space to search, a fit, and a fitted model.

Tuning, training and export know these classes alone. A kind is a room of its own (`pytorch`, `linear`, `trees`, …)
that holds one `ModelKind`; `kinds.py` lists them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData

__all__ = ["Epoch", "FittedModel", "ModelKind", "OnEpoch", "Progress"]

OnEpoch = Callable[[int, float], bool]
Encoded = TypeVar("Encoded")


@dataclass(frozen=True)
class Epoch:
    """One epoch: its number from 1, mean training loss, validation loss, validation score, wall seconds so far.

    What an epoch is, the kind says: a network sees every row once, trees grow by a fixed number of rounds.
    """

    number: int
    train_loss: float
    validation_loss: float
    score: float
    seconds: float


class Progress(Protocol):
    """Where the state of a fit is kept between epochs, in case that it is stopped."""

    def read(self) -> bytes | None:
        """Return the last state of this very fit that was kept, or None."""

    def offer(self, content: Callable[[], bytes | None]) -> None:
        """Take the state after an epoch, before the next begins; `content` gives None if it cannot be kept."""


@dataclass(frozen=True)
class FittedModel(ABC):
    """A fitted model, as it was after its best epoch.

    `settings` are those that were used, defaults included; `stopped` is ``patience``, ``epochs``, ``converged`` or
    ``pruned``. `size` is how large the model is, `unit` of what: ``parameters``, ``trees``.
    """

    settings: dict[str, Any]
    metric: str
    curve: tuple[Epoch, ...]
    best: Epoch
    stopped: str
    size: int
    unit: str

    @property
    def score(self) -> float:
        """The metric on the validation rows, of the best epoch."""
        return self.best.score

    @property
    def recorded(self) -> dict[str, Any]:
        """What `bundle.json` holds as settings: those of the fit, and how many epochs made the model."""
        return {**self.settings, "epochs": self.best.number}

    @property
    @abstractmethod
    def validation(self) -> NDArray[Any]:
        """What the model itself, not its file, predicts on the validation rows.

        Probabilities ``[rows, classes]``, or values in the target's own unit ``[rows]``.
        """

    @abstractmethod
    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`, from raw columns to the prediction; equal models give equal bytes.

        Raises:
            TrainingError: ``not_exportable``, ``network_inputs``, ``network_outputs`` or ``external_data``.
        """

    @abstractmethod
    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return what else belongs into the bundle, name to content: the weights in the form of the model's library.

        Args:
            data: the rows that the model was fitted on.
            threshold: of a binary model: the probability from which it says the positive class.
        """

    def check(self, data: TrainingData, model: bytes) -> float:
        """Compare `model.onnx` with the model on more rows than the validation rows, where the kind knows hard ones.

        Returns the largest difference.

        Raises:
            TrainingError: ``export_differs``.
        """
        return 0.0


class ModelKind(ABC, Generic[Encoded]):
    """One kind of model.

    The same encoded rows, section and settings give the same fitted model, bit for bit, on one machine, also where a
    fit was stopped after any epoch and went on from its `Progress`.
    """

    name: str  # as `training.model` and the reports have it
    framework: str  # as `bundle.json` has it
    rehearses: bool = True  # whether a fit on a few rows shows, before a search, what would fail later
    most_trials: int | None = None  # beyond which a search of its space brings nothing; None where there is no end

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What decides a fit besides rows, section and settings: versions of libraries, digest of a user's source."""

    @property
    def digests(self) -> dict[str, str]:
        """What `bundle.json` records of the kind besides data and plan: ``source`` of a user's model."""
        return {}

    def require(self, section: TrainingSection) -> None:
        """Raise where this machine lacks what the fit needs, before anything is read.

        Raises:
            TrainingError: ``no_cuda``.
        """

    @abstractmethod
    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that a fit uses, defaults included.

        Raises:
            TrainingError: ``unknown_setting`` or ``setting``.
        """

    @abstractmethod
    def space(self) -> dict[str, Dimension]:
        """Return the settings that tuning searches where the plan names none, each with its range."""

    @abstractmethod
    def encode(self, data: TrainingData) -> Encoded:
        """Return the rows in the form that fits read; done once for all of them.

        Raises:
            TrainingError: ``no_rows`` for an empty split.
            DataError: as `encode_target`.
        """

    @abstractmethod
    def fit(
        self,
        rows: Encoded,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> FittedModel:
        """Fit a model, and return it as it was after the epoch that scored best on the validation rows.

        Args:
            rows: what `encode` made.
            section: the plan's section: settings (a trial's, too: `with_settings`), epochs, patience, class weights,
                seed, threads, device.
            metric: scored after each epoch on the validation rows.
            on_epoch: called after each epoch with its number, from 1, and the score; stops the fit by returning False.
            progress: where a stopped fit goes on; `on_epoch` is called for all its epochs.

        Raises:
            TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting``.
        """
