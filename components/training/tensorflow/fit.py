"""Fit a Keras model to rows: shuffled once per epoch, cut into batches, stopped when validation gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scores import score
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import Epoch, FittedModel, OnEpoch, Progress
from sevenfold.training.settings import split_settings
from sevenfold.training.tensorflow.export import raw_model
from sevenfold.training.tensorflow.library import reproducible, tensorflow
from sevenfold.training.tensorflow.model import Model, Network, build, effective_settings
from sevenfold.training.tensorflow.rows import Splits
from sevenfold.training.tensorflow.saved_model import saved_model
from sevenfold.training.tensorflow.state import State, values_of
from sevenfold.training.tensorflow.steps import Steps, outputs_of

__all__ = ["WEIGHTS", "Fitted", "fit"]

WEIGHTS: Final = "model.safetensors"
MIN_BATCH: Final = 16
MIN_STEPS: Final = 40  # of an epoch: a small table is gone through several times


@dataclass(frozen=True)
class Fitted(FittedModel):
    """A fitted network with the weights of its best epoch; `batch_size` is how many of the rows a step saw."""

    network: Network
    splits: Splits
    batch_size: int

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings of the fit, its epochs and the size of a batch."""
        return {**super().recorded, "batch_size": self.batch_size}

    @property
    def validation(self) -> NDArray[Any]:
        """Probabilities or values in the target's own unit, float64, from Keras' outputs."""
        rows = self.splits.validation
        return _predicted(outputs_of(self.network, rows)(rows), self.splits)

    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`: the transform, the network, and the last step to the prediction.

        Raises:
            TrainingError: as `raw_model`.
        """
        return raw_model(self.network, self.splits.validation, data.transform, data.signature)

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return the weights as safetensors, and a SavedModel that takes the same columns as `model.onnx`.

        Raises:
            TrainingError: ``saved_model_differs``.
        """
        from safetensors.numpy import save

        weights = save(values_of(self.network.variables))
        return {WEIGHTS: weights, **saved_model(self.network, data, self.onnx_bytes(data), threshold)}


def fit(
    splits: Splits,
    section: TrainingSection,
    metric: str,
    *,
    settings: Mapping[str, Any] | None = None,
    max_epochs: int | None = None,
    on_epoch: OnEpoch | None = None,
    model: Model | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit a network and return it with the weights of the epoch that scored best on the validation rows.

    Batches, loss, optimiser, averaging and patience are those of `pytorch.fit.fit`; so are the arguments. The same
    rows, section and settings give the same weights, bit for bit, on one machine.

    Raises:
        TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting``, ``class_weights``,
            ``threads_fixed``, and what building the model raises.
    """
    chosen = model or Model.of(section)
    used = effective_settings(chosen, {**section.settings, **(settings or {})})
    with reproducible(section.seed, section.threads):
        fitting = _Fit(splits, section, metric, used, chosen, max_epochs or section.max_epochs)
        return fitting.run(on_epoch, progress)


class _Fit:
    """One fit: network, compiled steps, and the epochs so far."""

    def __init__(
        self,
        splits: Splits,
        section: TrainingSection,
        metric: str,
        settings: dict[str, Any],
        model: Model,
        max_epochs: int,
    ) -> None:
        self.splits, self.section, self.metric, self.settings = splits, section, metric, settings
        self.max_epochs = max_epochs
        fit_settings, _ = split_settings(settings)
        rows = len(splits.train)
        self.batch_size = min(section.batch_size, max(MIN_BATCH, rows // 8))
        steps = math.ceil(rows / self.batch_size)
        self.passes = math.ceil(MIN_STEPS / steps)
        self.network = build(model, splits, settings, section.seed)
        self.learning_rate = fit_settings.learning_rate
        self.classification = splits.signature.task is not Task.REGRESSION
        self.steps = Steps(
            self.network,
            fit_settings,
            splits.train,
            batch_size=self.batch_size,
            steps=max_epochs * self.passes * steps,
            average_steps=fit_settings.averaging * steps * self.passes,
            class_weights=splits.data.class_weights(section.class_weights),
            classification=self.classification,
        )
        self.outputs = outputs_of(self.network, splits.validation)
        self.state = State(self.network.variables, self.steps.optimiser, self.steps.average)
        self.sign = 1.0 if higher_is_better(metric) else -1.0

    def run(self, on_epoch: OnEpoch | None, progress: Progress | None) -> Fitted:
        """Train until the epochs, the patience or the caller end it."""
        started, stopped, state, max_epochs = time.monotonic(), "epochs", self.state, self.max_epochs
        resumable = self.steps.is_resumable
        earlier = progress.read() if progress is not None and resumable else None
        if earlier is not None:
            state.restore(earlier)
        for number in range(1, max_epochs + 1):
            if number > len(state.curve):
                self._epoch(number, started)
                if progress is not None:
                    progress.offer(lambda: state.to_bytes() if resumable else None)
            best = max(state.curve[:number], key=self._rank)
            if on_epoch is not None and not on_epoch(number, state.curve[number - 1].score):
                stopped = "pruned"
                break
            if number - max(best.number, max_epochs // 3) >= self.section.patience:
                stopped = "patience"
                break
        assert state.best is not None  # noqa: S101 - max_epochs is at least 1
        for name, variable in state.network.items():
            variable.assign(state.kept[name])
        return Fitted(
            settings=self.settings,
            metric=self.metric,
            curve=tuple(state.curve),
            best=state.best,
            stopped=stopped,
            size=sum(math.prod(variable.shape) for variable in self.network.trainable),
            unit="parameters",
            network=self.network,
            splits=self.splits,
            batch_size=self.batch_size,
        )

    def _epoch(self, number: int, started: float) -> None:
        state, train_loss = self.state, self._train_once(number)
        self.steps.swap_average()
        validation_loss, value = self._validate(number)
        epoch = Epoch(number, train_loss, validation_loss, value, time.monotonic() - started)
        state.curve.append(epoch)
        if state.best is None or self._rank(epoch) > self._rank(state.best):
            state.best = epoch
            state.kept = values_of(state.network)
        self.steps.swap_average()

    def _rank(self, epoch: Epoch) -> tuple[float, float]:
        return self.sign * epoch.score, -epoch.validation_loss

    def _train_once(self, number: int) -> float:
        losses = []
        for turn in range(self.passes):
            random = np.random.default_rng([self.section.seed, number, turn])
            losses.append(self.steps.run(random.permutation(len(self.splits.train))))
        return self._finite(float(np.concatenate(losses).mean()), "training", number)

    def _validate(self, number: int) -> tuple[float, float]:
        tf, rows = tensorflow(), self.splits.validation
        outputs = self.outputs(rows)
        loss = float(self.steps.loss(tf.constant(outputs), tf.constant(rows.target)))
        self._finite(loss, "validation", number)
        value = score(self.metric, self.splits.truth, _predicted(outputs, self.splits))
        if not math.isfinite(value):
            raise TrainingError(
                "score_undefined",
                f"{self.metric} must be defined on the validation rows, but is {value} on {len(rows)} rows.",
                remedy="Take more validation rows (every class must occur), or another testing.metric.",
            )
        return loss, value

    def _finite(self, loss: float, name: str, number: int) -> float:
        if math.isfinite(loss):
            return loss
        raise TrainingError(
            "loss_not_finite",
            f"The {name} loss must be a finite number, but is {loss} in epoch {number}.",
            remedy=f"Lower training.settings.learning_rate, which is {self.learning_rate:g}.",
        )


def _predicted(outputs: NDArray[np.float32], splits: Splits) -> NDArray[np.float64]:
    """Return probabilities ``[n, classes]``, or values in the target's own unit ``[n]``."""
    if splits.signature.task is not Task.REGRESSION:
        powers = np.exp(outputs.astype(np.float64) - outputs.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))
    values: NDArray[np.float64] = outputs[:, 0].astype(np.float64) * splits.target.scale + splits.target.mean
    return values
