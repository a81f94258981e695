"""Fit trees: an epoch is a number of boosting rounds, and the fit stops when validation gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scores import score
from sevenfold.training.protocol import Epoch, OnEpoch, Progress
from sevenfold.training.trees.library import lightgbm
from sevenfold.training.trees.model import FittedTrees, in_own_unit, loaded, model_text, sums
from sevenfold.training.trees.rows import TreeRows
from sevenfold.training.trees.settings import TreeSettings, column_seed, lightgbm_params
from sevenfold.training.trees.state import State
from sevenfold.training.trees.text import tree_blocks

__all__ = ["fit"]

CONSTANT = "num_leaves=1\n"


def fit(
    rows: TreeRows,
    section: TrainingSection,
    metric: str,
    *,
    settings: Mapping[str, Any] | None = None,
    max_epochs: int | None = None,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> FittedTrees:
    """Fit trees and return them as they were after the epoch that scored best on the validation rows.

    Losses: cross-entropy, or squared error of the standardised value; class weights count in both. Between equal scores
    the validation loss decides. Patience is lost where neither gets better: a score that depends on the order of rows
    alone stands still, by chance, while the trees still learn. It is not lost in the first third of the epochs.
    Arguments are those of `ModelKind.fit`.

    Raises:
        TrainingError: ``loss_not_finite``, ``score_undefined``, ``unknown_setting``, ``setting``, ``class_weights``.
    """
    used = TreeSettings.checked({**section.settings, **(settings or {})})
    return _Fit(rows, section, metric, used).run(max_epochs or section.max_epochs, on_epoch, progress)


class _Fit:
    """One fit: LightGBM's booster, which grows the trees, and the epochs so far."""

    def __init__(self, rows: TreeRows, section: TrainingSection, metric: str, settings: TreeSettings) -> None:
        signature = rows.data.signature
        self.rows, self.section, self.metric, self.settings = rows, section, metric, settings
        self.sign = 1.0 if higher_is_better(metric) else -1.0
        self.class_weights = rows.data.class_weights(section.class_weights)
        self.params = lightgbm_params(
            settings,
            rows.task,
            len(signature.classes),
            len(rows.train),
            seed=section.seed,
            threads=section.threads,
        )
        self.state = State()
        self.booster: Any = None
        if not np.isfinite(rows.train_target).all():  # LightGBM's own error would name no cause
            raise self._not_finite("training", math.inf, 1)

    def run(self, max_epochs: int, on_epoch: OnEpoch | None, progress: Progress | None) -> FittedTrees:
        started, stopped = time.monotonic(), "epochs"
        self.state = State.of(progress.read() if progress else None)
        state = self.state
        for number in range(1, max_epochs + 1):
            if number > len(state.curve):
                self._grow(number, started)
                if progress is not None:
                    progress.offer(state.to_bytes)
            best = max(state.curve[:number], key=self._rank)
            if on_epoch is not None and not on_epoch(number, state.curve[number - 1].score):
                stopped = "pruned"
                break
            if state.finished and number == len(state.curve):
                stopped = "converged"
                break
            lowest = min(state.curve[:number], key=lambda epoch: epoch.validation_loss)
            if number - max(best.number, lowest.number, max_epochs // 3) >= self.section.patience:
                stopped = "patience"
                break
        blocks = tuple(block for epoch in state.trees[: best.number] for block in epoch)
        return FittedTrees(
            settings=self.settings.model_dump(),
            metric=self.metric,
            curve=tuple(state.curve[:number]),
            best=best,
            stopped=stopped,
            size=len(blocks),
            unit="trees",
            rows=self.rows,
            blocks=blocks,
            threads=self.section.threads,
        )

    def _rank(self, epoch: Epoch) -> tuple[float, float]:
        return self.sign * epoch.score, -epoch.validation_loss

    def _grow(self, number: int, started: float) -> None:
        seed = {"feature_fraction_seed": column_seed(self.section.seed, number)}
        if self.booster is None:
            self.booster = self._booster({**self.params, **seed})
        elif self.settings.feature_fraction < 1:
            self.booster.reset_parameter(seed)
        state, before = self.state, self.booster.current_iteration()
        for _ in range(self.settings.rounds):
            # A round that makes no split leaves no tree, but the next one may draw columns that do.
            self.booster.update()
        blocks = tree_blocks(self.booster.model_to_string(num_iteration=-1, start_iteration=before))
        if state.trees:
            blocks = _without_constant_start(blocks, self.rows.outputs)
        state.trees.append(blocks)
        state.finished = all(CONSTANT in block for block in blocks)
        train_loss, validation_loss, value = self._scored(number)
        state.curve.append(Epoch(number, train_loss, validation_loss, value, time.monotonic() - started))

    def _booster(self, params: Mapping[str, Any]) -> Any:
        """Return a booster that goes on from the trees so far: they are summed as LightGBM sums them when it grows."""
        rows, blocks, threads = self.rows, self.state.blocks, self.section.threads
        if not blocks:
            binned = rows.binned(params, self.class_weights)
            validating = rows.validating(params, binned)
        else:
            model = loaded(model_text(rows, blocks))
            binned = rows.dataset(params, rows.weights(self.class_weights), sums(model, rows.train, threads=threads))
            validating = rows.validating(params, binned, sums(model, rows.validation, threads=threads))
        booster = lightgbm().Booster(dict(params), binned)
        return booster.add_valid(validating, "validation")

    def _scored(self, number: int) -> tuple[float, float, float]:
        """Return mean training and validation loss, and the metric on the validation rows."""
        rows, seen = self.rows, dict[str, NDArray[np.float64]]()

        def keep(split: str, predicted: NDArray[np.float64]) -> tuple[str, float, bool]:
            seen[split] = predicted.copy()
            return split, 0.0, True

        self.booster.eval_train(lambda predicted, _: keep("training", predicted))
        self.booster.eval_valid(lambda predicted, _: keep("validation", predicted))
        losses = {
            "training": self._loss(seen["training"], rows.train_target),
            "validation": self._loss(seen["validation"], rows.validation_target),
        }
        for split, loss in losses.items():
            if not math.isfinite(loss):
                raise self._not_finite(split, loss, number)
        value = score(self.metric, rows.data.truth, in_own_unit(seen["validation"], rows))
        if not math.isfinite(value):
            raise TrainingError(
                "score_undefined",
                f"{self.metric} must be defined on the validation rows, but is {value} on {len(rows.validation)} rows.",
                remedy="Take more validation rows (every class must occur), or another testing.metric.",
            )
        return losses["training"], losses["validation"], value

    def _not_finite(self, split: str, loss: float, number: int) -> TrainingError:
        return TrainingError(
            "loss_not_finite",
            f"The {split} loss must be a finite number, but is {loss} in epoch {number}.",
            remedy=f"Lower training.settings.learning_rate, which is {self.settings.learning_rate:g}, "
            "or look for absurd values of the target.",
        )

    def _loss(self, predicted: NDArray[np.float64], target: NDArray[Any]) -> float:
        if self.rows.task is Task.REGRESSION:
            return float(np.mean((predicted - target) ** 2))
        of_truth = in_own_unit(predicted, self.rows)[np.arange(len(target)), target]
        logs = -np.log(np.maximum(of_truth, np.finfo(np.float64).tiny))
        weights = None if self.class_weights is None else self.class_weights[target]
        return float(np.average(logs, weights=weights))


def _without_constant_start(blocks: list[str], outputs: int) -> list[str]:
    """Return the trees of a booster that went on, without a first round in which it made no split."""
    first = blocks[:outputs]
    return blocks[outputs:] if first and all(CONSTANT in block for block in first) else blocks
