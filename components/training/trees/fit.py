"""Fit trees: an epoch is a number of boosting rounds, and the fit stops when validation gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.plan.training import TrainingSection
from sevenfold.training.epochs import defined_score, finite_loss, run_epochs
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
    return _Fit(rows, section, metric, TreeSettings.checked(section.settings)).run(on_epoch, progress)


class _Fit:
    """One fit: LightGBM's booster, which grows the trees, and the epochs so far."""

    def __init__(self, rows: TreeRows, section: TrainingSection, metric: str, settings: TreeSettings) -> None:
        signature = rows.data.signature
        self.rows, self.section, self.metric, self.settings = rows, section, metric, settings
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
            finite_loss(math.inf, "training", 1, settings.learning_rate)

    def run(self, on_epoch: OnEpoch | None, progress: Progress | None) -> FittedTrees:
        started = time.monotonic()
        self.state = State.of(progress.read() if progress else None)
        state = self.state
        ending = run_epochs(
            state.curve,
            lambda number: self._grow(number, started),
            state.to_bytes,
            metric=self.metric,
            max_epochs=self.section.max_epochs,
            patience=self.section.patience,
            on_epoch=on_epoch,
            progress=progress,
            converged=lambda number: state.finished and number == len(state.curve),
            loss_counts=True,
        )
        blocks = tuple(block for epoch in state.trees[: ending.best.number] for block in epoch)
        return FittedTrees(
            settings=self.settings.model_dump(),
            metric=self.metric,
            curve=tuple(state.curve[: ending.number]),
            best=ending.best,
            stopped=ending.stopped,
            size=len(blocks),
            unit="trees",
            rows=self.rows,
            blocks=blocks,
            threads=self.section.threads,
        )

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
            finite_loss(loss, split, number, self.settings.learning_rate)
        value = defined_score(self.metric, rows.data.truth, in_own_unit(seen["validation"], rows), rows.data.rule)
        return losses["training"], losses["validation"], value

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
