"""Fit a network to tensors: shuffled once per epoch, sliced into batches, stopped when validation gets no better."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData, class_weights
from sevenfold.training.epochs import defined_score, finite_loss, rank, run_epochs
from sevenfold.training.network_kind import WEIGHTS, FittedNetwork, effective_settings
from sevenfold.training.protocol import Epoch, OnEpoch, Progress
from sevenfold.training.pytorch.adamw import AdamW
from sevenfold.training.pytorch.averaging import Average
from sevenfold.training.pytorch.device import device_of, reproducible
from sevenfold.training.pytorch.export import raw_model
from sevenfold.training.pytorch.group import ALONE, Group, Part
from sevenfold.training.pytorch.model import Model, build
from sevenfold.training.pytorch.predict import predict, truth_of
from sevenfold.training.pytorch.state import State
from sevenfold.training.pytorch.tensors import Rows, Tensors
from sevenfold.training.schedule import batches, learning_rate_at
from sevenfold.training.settings import split_settings

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Fitted", "fit", "run_epoch"]


@dataclass(frozen=True)
class Fitted(FittedNetwork):
    """A fitted network, on the CPU, in evaluation mode and with the weights of its best epoch.

    `tensors` are the rows that it was fitted on.
    """

    network: nn.Module
    tensors: Tensors

    @property
    def validation(self) -> NDArray[Any]:
        """Torch's probabilities, float32, or its values in the target's own unit, float64."""
        predicted, _ = predict(self.network, self.tensors.validation, self.tensors.signature)
        if self.tensors.signature.task is not Task.REGRESSION:
            return predicted
        return np.asarray(predicted.astype(np.float64) * self.tensors.target.scale + self.tensors.target.mean)

    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`: the transform, the network, and the last step to the prediction.

        Raises:
            TrainingError: as `raw_model`.
        """
        return raw_model(self.network, self.tensors.validation, data.transform, data.signature)

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return the weights as safetensors (Hugging Face 2023)."""
        from safetensors.torch import save

        state = {key: tensor.detach().contiguous() for key, tensor in self.network.state_dict().items()}
        return {WEIGHTS: save(state)}


def fit(
    tensors: Tensors,
    section: TrainingSection,
    metric: str,
    *,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
    model: Model | None = None,
    group: Group = ALONE,
) -> Fitted:
    """Fit a network and return it with the weights of the epoch that scored best on the validation rows.

    The same tensors, section and settings give the same weights, bit for bit, on one machine; `section.threads` and
    `section.device` are part of that. Rows come in the same order on every device. Losses: cross-entropy, with
    `section.class_weights` the weighted mean of a batch, or squared error of the standardised value. Between equal
    scores the validation loss decides. Patience is not lost in the first third of the epochs: rows of a later period
    are often scored well by a network that has hardly begun, then worse, then better again.

    Args:
        tensors: the rows, on the CPU.
        section: the plan's section: settings, epochs, patience, batch size, class weights, seed, threads, device.
        metric: scored after each epoch on the validation rows; the epoch that is best by it is kept.
        on_epoch: called after each epoch with its number, from 1, and the score; stops the fit by returning False.
        progress: where a stopped fit continues, to the same weights; `on_epoch` is called for all its epochs.
        model: what builds the network; None loads what the section names.
        group: the processes that fit it together; the others are called with the same arguments.

    Raises:
        TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting``, ``class_weights``,
            what building the model raises, and on a GPU ``no_cuda``, ``not_repeatable``, ``device_mixed``,
            ``gpu_memory``.
    """
    chosen = model or Model.of(section)
    used = effective_settings(chosen.source, section.settings)
    device = device_of(section.device)
    with reproducible(device, section.seed, section.threads):
        fitting = _Fit(tensors, section, metric, used, chosen, device, group)
        return fitting.run(on_epoch, progress)


def run_epoch(rows: Rows, parts: Sequence[Part], step: Callable[[Rows, float], Tensor]) -> list[Tensor]:
    """Go once through the parts of batches, and return the loss of every step.

    The rows are permuted once and then sliced, which costs a twentieth of collecting a batch row by row.

    Args:
        rows: the training rows.
        parts: which of them, batch by batch.
        step: takes the rows of a part and its share, and returns its loss.
    """
    import torch

    order, sizes = torch.cat([part.order for part in parts]), [len(part.order) for part in parts]
    shuffled = rows.take(order.to(rows.target.device))
    slices = zip(
        shuffled.numeric.split(sizes), shuffled.categorical.split(sizes), shuffled.target.split(sizes), strict=True
    )
    return [step(Rows(*one), part.share) for one, part in zip(slices, parts, strict=True)]


class _Fit:
    """One fit: network, optimiser, averaged weights, and the epochs so far."""

    def __init__(
        self,
        tensors: Tensors,
        section: TrainingSection,
        metric: str,
        settings: dict[str, Any],
        model: Model,
        device: torch.device,
        group: Group,
    ) -> None:
        import torch

        self.group = group
        self.tensors, self.section, self.metric, self.settings = tensors, section, metric, settings
        self.fit_settings, _ = split_settings(settings)
        self.batch_size, steps, self.passes = batches(len(tensors.train), section.batch_size)
        self.steps = section.max_epochs * self.passes * steps
        self.network = build(model, tensors, settings).to(device)
        self.joined = group.join(self.network)
        self.train, self.validation = tensors.train.to(device), tensors.validation.to(device)
        self.state = State(
            self.network,
            AdamW(self.network, self.fit_settings.learning_rate, self.fit_settings.weight_decay),
            Average(self.network, self.fit_settings.averaging * steps * self.passes),
            torch.Generator().manual_seed(section.seed),  # on the CPU, so that every device sees one order of rows
            device,
        )
        weights = class_weights(section.class_weights, tensors.signature.classes, tensors.train.target.numpy)
        self.weights = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=device)
        self.row_weights = None if self.weights is None else self.weights.cpu()[tensors.train.target]
        self.truth = truth_of(tensors.validation, tensors)
        self.classification = tensors.signature.task is not Task.REGRESSION

    def run(self, on_epoch: OnEpoch | None, progress: Progress | None) -> Fitted:
        """Train until the epochs, the patience or the caller end it."""
        started, state = time.monotonic(), self.state
        earlier = progress.read() if progress is not None else None
        if earlier is not None:
            state.restore(earlier)
        ending = run_epochs(
            state.curve,
            lambda number: self._epoch(number, started),
            state.to_bytes,
            metric=self.metric,
            max_epochs=self.section.max_epochs,
            patience=self.section.patience,
            on_epoch=on_epoch,
            progress=progress,
        )
        assert state.best is not None  # noqa: S101 - max_epochs is at least 1
        self.network.load_state_dict(state.kept)
        self.network.eval().cpu()
        parameters = sum(tensor.numel() for tensor in self.network.parameters())
        return Fitted(
            settings=self.settings,
            metric=self.metric,
            curve=tuple(state.curve),
            best=state.best,
            stopped=ending.stopped,
            size=parameters,
            unit="parameters",
            network=self.network,
            tensors=self.tensors,
            batch_size=self.batch_size,
        )

    def _epoch(self, number: int, started: float) -> None:
        state, train_loss = self.state, self._train_once(number)
        with state.average.applied():
            scored = self._validate(number) if self.group.scores else (0.0, 0.0)
            validation_loss, value = self.group.agree(scored)
            epoch = Epoch(number, train_loss, validation_loss, value, time.monotonic() - started)
            state.curve.append(epoch)
            if state.best is None or rank(self.metric, epoch) > rank(self.metric, state.best):
                state.best = epoch
                state.kept = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}

    def _train_once(self, number: int) -> float:
        import torch

        self.network.train()
        self.group.begin(number, self.section.seed)
        losses = list["torch.Tensor"]()
        for _ in range(self.passes):
            order = torch.randperm(len(self.train), generator=self.state.generator)
            parts = self.group.parts(order, self.batch_size, self.row_weights)
            losses += run_epoch(self.train, parts, self._step)
        mean = self.group.mean(torch.stack(losses))
        return finite_loss(mean, "training", number, self.fit_settings.learning_rate)

    def _step(self, rows: Rows, share: float) -> Tensor:
        import torch

        state, optimiser = self.state, self.state.optimiser
        state.steps += 1
        optimiser.learning_rate = learning_rate_at(state.steps, self.steps, self.fit_settings)
        loss = self._loss(self.joined(rows.numeric, rows.categorical), rows.target)
        loss = loss if share == 1.0 else loss * share
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.fit_settings.max_norm)
        optimiser.step()
        state.average.update()
        return loss.detach()

    def _loss(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss; members of an ensemble, ``[rows, members, outputs]``, learn each for itself."""
        from torch.nn import functional

        if self.classification:
            members = outputs.shape[1] if outputs.dim() == 3 else 1
            target = target.repeat_interleave(members) if members > 1 else target
            return functional.cross_entropy(
                outputs.reshape(-1, self.tensors.signature.outputs), target, weight=self.weights
            )
        values = outputs.reshape(len(target), -1)
        return functional.mse_loss(values, target.unsqueeze(1).expand_as(values))

    def _validate(self, number: int) -> tuple[float, float]:
        rows = self.validation
        predicted, outputs = predict(self.network, rows, self.tensors.signature)
        loss = float(self._loss(outputs, rows.target))
        if not self.classification:
            predicted = predicted.astype(np.float64) * self.tensors.target.scale + self.tensors.target.mean
        finite_loss(loss, "validation", number, self.fit_settings.learning_rate)
        return loss, defined_score(self.metric, self.truth, predicted, self.tensors.rule)
