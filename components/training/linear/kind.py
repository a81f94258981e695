"""Logistic or ridge regression as a kind of model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.transform import CLIP
from sevenfold.plan.training import Device, TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData, class_weights
from sevenfold.training.epochs import defined_score
from sevenfold.training.linear.fit import LinearModel, fit_linear
from sevenfold.training.linear.graph import linear_bytes
from sevenfold.training.protocol import Epoch, FittedModel, ModelKind, OnEpoch, Progress
from sevenfold.training.pytorch.device import device_of, reproducible
from sevenfold.training.pytorch.predict import truth_of
from sevenfold.training.pytorch.tensors import Rows, Tensors, load_tensors
from sevenfold.training.settings import LinearSettings

__all__ = ["FittedLinear", "LinearKind", "fit_yardstick"]

WEIGHTS: Final = "model.safetensors"


@dataclass(frozen=True)
class FittedLinear(FittedModel):
    """A fitted linear model."""

    model: LinearModel
    tensors: Tensors

    @property
    def validation(self) -> NDArray[Any]:
        """Probabilities or values, float64, computed by numpy from the weights."""
        return predicted(self.model, self.tensors.validation, self.tensors)

    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`: the transform, the weights, and the last step to the prediction."""
        return linear_bytes(self.model, data.transform, data.signature.inputs)

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return the weights as safetensors (Hugging Face 2023)."""
        from safetensors.numpy import save

        model = self.model
        parts = {"center": model.center, "scale": model.scale, "weights": model.weights}
        parts |= {"levels": model.levels, "bias": model.bias}
        return {WEIGHTS: save({name: np.ascontiguousarray(part) for name, part in parts.items()})}


class LinearKind(ModelKind[Tensors]):
    """Logistic regression for classes, ridge regression for values: one epoch, in which the fit converges."""

    name = "linear"
    framework = "pytorch"
    most_trials = 4

    @property
    def identity(self) -> dict[str, Any]:
        """Torch's version."""
        import torch

        return {"torch": torch.__version__}

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings, defaults included.

        Raises:
            TrainingError: ``unknown_setting`` or ``setting``.
        """
        return LinearSettings.checked(settings).model_dump()

    def space(self) -> dict[str, Dimension]:
        """Return the range of the penalty."""
        return {"penalty": Dimension(low=1e-2, high=1e3, log=True)}

    def encode(self, data: TrainingData) -> Tensors:
        """Return the inputs of a network, which the weights are fitted to."""
        return load_tensors(data)

    def fit(
        self,
        rows: Tensors,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> FittedLinear:
        """Fit the weights; nothing is kept in between, since a fit takes about as long as one epoch of a network.

        Raises:
            TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting`` or
                ``class_weights``.
        """
        started = time.monotonic()
        used = LinearSettings.checked(section.settings)
        weights = class_weights(section.class_weights, rows.signature.classes, rows.train.target.numpy)
        with reproducible(device_of(Device.CPU), section.seed, section.threads):
            model = fit_linear(rows, seed=section.seed, penalty=used.penalty, weights=weights)
        epoch = _epoch(model, rows, metric, weights, time.monotonic() - started)
        stopped = "converged" if on_epoch is None or on_epoch(1, epoch.score) else "pruned"
        size = model.weights.size + model.levels.size + model.bias.size
        return FittedLinear(
            settings=used.model_dump(),
            metric=metric,
            curve=(epoch,),
            best=epoch,
            stopped=stopped,
            size=size,
            unit="parameters",
            model=model,
            tensors=rows,
        )


def fit_yardstick(data: TrainingData, section: TrainingSection) -> LinearModel:
    """Fit the plain linear model that stands beside every model, with nothing but the plan's seed and threads."""
    with reproducible(device_of(Device.CPU), section.seed, section.threads):
        return fit_linear(load_tensors(data), seed=section.seed)


def predicted(model: LinearModel, rows: Rows, tensors: Tensors) -> NDArray[np.float64]:
    """Return probabilities ``[rows, classes]``, or values in the target's own unit ``[rows]``."""
    given = _outputs(model, rows)
    if tensors.signature.task is not Task.REGRESSION:
        return np.asarray(np.exp(_log_softmax(given)), dtype=np.float64)
    values: NDArray[np.float64] = given[:, 0] * tensors.target.scale + tensors.target.mean
    return values


def _outputs(model: LinearModel, rows: Rows) -> NDArray[np.float64]:
    numbers = np.clip((rows.numeric.numpy() - model.center) / model.scale, -CLIP, CLIP)
    given: NDArray[np.float64] = numbers.astype(np.float64) @ model.weights + model.bias
    for column, start in zip(model.columns, model.starts, strict=True):
        given += model.levels[start + rows.categorical[:, column].numpy()]
    return given


def _epoch(
    model: LinearModel, tensors: Tensors, metric: str, weights: NDArray[np.float64] | None, seconds: float
) -> Epoch:
    losses = [_loss(model, rows, tensors, weights) for rows in (tensors.train, tensors.validation)]
    if not model.finite or not np.isfinite(losses).all():
        raise TrainingError(
            "loss_not_finite",
            "The weights and losses of a linear model must be finite numbers, but are not.",
            remedy="Look for absurd values in the columns, or choose another training.model.",
        )
    truth = truth_of(tensors.validation, tensors)
    value = defined_score(metric, truth, predicted(model, tensors.validation, tensors), tensors.rule)
    return Epoch(1, losses[0], losses[1], value, seconds)


def _loss(model: LinearModel, rows: Rows, tensors: Tensors, weights: NDArray[np.float64] | None) -> float:
    """Return the mean loss in the unit of a network's: cross-entropy, or squared error of the standardised value."""
    given, target = _outputs(model, rows), rows.target.numpy()
    if tensors.signature.task is Task.REGRESSION:
        return float(np.mean((given[:, 0] - target) ** 2))
    counts = None if weights is None else weights[target]
    return float(-np.average(_log_softmax(given)[np.arange(len(target)), target], weights=counts))


def _log_softmax(given: NDArray[np.float64]) -> NDArray[np.float64]:
    below = given - given.max(1, keepdims=True)
    logs: NDArray[np.float64] = below - np.log(np.exp(below).sum(1, keepdims=True))
    return logs
