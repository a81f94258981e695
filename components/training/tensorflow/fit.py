"""Fit a Keras model to rows: shuffled once per epoch, cut into batches, stopped when validation gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.epochs import defined_score, finite_loss, rank, run_epochs
from sevenfold.training.network_kind import WEIGHTS, FittedNetwork, effective_settings
from sevenfold.training.protocol import Epoch, OnEpoch, Progress
from sevenfold.training.schedule import batches
from sevenfold.training.settings import split_settings
from sevenfold.training.tensorflow.export import raw_model
from sevenfold.training.tensorflow.library import reproducible, tensorflow
from sevenfold.training.tensorflow.model import Model, Network, build
from sevenfold.training.tensorflow.rows import Splits
from sevenfold.training.tensorflow.saved_model import saved_model
from sevenfold.training.tensorflow.state import State, values_of
from sevenfold.training.tensorflow.steps import Steps, outputs_of

__all__ = ["Fitted", "fit"]


@dataclass(frozen=True)
class Fitted(FittedNetwork):
    """A fitted network in Keras, and the rows that it was fitted on."""

    network: Network
    splits: Splits

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
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
    model: Model | None = None,
) -> Fitted:
    """Fit a network and return it with the weights of the epoch that scored best on the validation rows.

    Batches, loss, optimiser, averaging and patience are those of `pytorch.fit.fit`; so are the arguments. The same
    rows, section and settings give the same weights, bit for bit, on one machine.

    Raises:
        TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting``, ``class_weights``,
            ``threads_fixed``, and what building the model raises.
    """
    chosen = model or Model.of(section)
    used = effective_settings(chosen.source, section.settings)
    with reproducible(section.seed, section.threads):
        fitting = _Fit(splits, section, metric, used, chosen)
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
    ) -> None:
        self.splits, self.section, self.metric, self.settings = splits, section, metric, settings
        fit_settings, _ = split_settings(settings)
        self.batch_size, steps, self.passes = batches(len(splits.train), section.batch_size)
        self.network = build(model, splits, settings, section.seed)
        self.learning_rate = fit_settings.learning_rate
        self.classification = splits.signature.task is not Task.REGRESSION
        self.steps = Steps(
            self.network,
            fit_settings,
            splits.train,
            batch_size=self.batch_size,
            steps=section.max_epochs * self.passes * steps,
            average_steps=fit_settings.averaging * steps * self.passes,
            class_weights=splits.data.class_weights(section.class_weights),
            classification=self.classification,
        )
        self.outputs = outputs_of(self.network, splits.validation)
        self.state = State(self.network.variables, self.steps.optimiser, self.steps.average)

    def run(self, on_epoch: OnEpoch | None, progress: Progress | None) -> Fitted:
        """Train until the epochs, the patience or the caller end it."""
        started, state, resumable = time.monotonic(), self.state, self.steps.is_resumable
        earlier = progress.read() if progress is not None and resumable else None
        if earlier is not None:
            state.restore(earlier)
        ending = run_epochs(
            state.curve,
            lambda number: self._epoch(number, started),
            lambda: state.to_bytes() if resumable else None,
            metric=self.metric,
            max_epochs=self.section.max_epochs,
            patience=self.section.patience,
            on_epoch=on_epoch,
            progress=progress,
        )
        assert state.best is not None  # noqa: S101 - max_epochs is at least 1
        for name, variable in state.network.items():
            variable.assign(state.kept[name])
        return Fitted(
            settings=self.settings,
            metric=self.metric,
            curve=tuple(state.curve),
            best=state.best,
            stopped=ending.stopped,
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
        if state.best is None or rank(self.metric, epoch) > rank(self.metric, state.best):
            state.best = epoch
            state.kept = values_of(state.network)
        self.steps.swap_average()

    def _train_once(self, number: int) -> float:
        losses = []
        for turn in range(self.passes):
            random = np.random.default_rng([self.section.seed, number, turn])
            losses.append(self.steps.run(random.permutation(len(self.splits.train))))
        return finite_loss(float(np.concatenate(losses).mean()), "training", number, self.learning_rate)

    def _validate(self, number: int) -> tuple[float, float]:
        tf, rows = tensorflow(), self.splits.validation
        outputs = self.outputs(rows)
        loss = float(self.steps.loss(tf.constant(outputs), tf.constant(rows.target)))
        finite_loss(loss, "validation", number, self.learning_rate)
        return loss, defined_score(
            self.metric, self.splits.truth, _predicted(outputs, self.splits), self.splits.data.rule
        )


def _predicted(outputs: NDArray[np.float32], splits: Splits) -> NDArray[np.float64]:
    """Return probabilities ``[n, classes]``, or values in the target's own unit ``[n]``."""
    if splits.signature.task is not Task.REGRESSION:
        powers = np.exp(outputs.astype(np.float64) - outputs.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))
    values: NDArray[np.float64] = outputs[:, 0].astype(np.float64) * splits.target.scale + splits.target.mean
    return values
