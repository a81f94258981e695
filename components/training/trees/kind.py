"""LightGBM's boosted trees as a kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import ModelKind, OnEpoch, Progress
from sevenfold.training.trees.fit import fit
from sevenfold.training.trees.library import lightgbm
from sevenfold.training.trees.model import FittedTrees
from sevenfold.training.trees.rows import TreeRows, load_rows
from sevenfold.training.trees.settings import TreeSettings, tree_space

__all__ = ["TreesKind"]


class TreesKind(ModelKind[TreeRows]):
    """Boosted trees; an epoch is a fixed number of boosting rounds, the setting `rounds`."""

    name = "trees"
    framework = "lightgbm"

    @property
    def identity(self) -> dict[str, Any]:
        """LightGBM's version."""
        return {"lightgbm": lightgbm().__version__}

    def require(self, section: TrainingSection) -> None:
        """Raise where LightGBM cannot be loaded.

        Raises:
            TrainingError: ``no_openmp``.
        """
        lightgbm()

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings, defaults included.

        Raises:
            TrainingError: ``unknown_setting`` or ``setting``.
        """
        return TreeSettings.checked(settings).model_dump()

    def space(self) -> dict[str, Dimension]:
        """Return the ranges of leaves, learning rate, columns per tree, rows per leaf and penalty."""
        return tree_space()

    def encode(self, data: TrainingData) -> TreeRows:
        """Return the rows with nothing filled or scaled."""
        return load_rows(data)

    def fit(
        self,
        rows: TreeRows,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> FittedTrees:
        """Fit the trees, as `trees.fit.fit` says."""
        return fit(rows, section, metric, on_epoch=on_epoch, progress=progress)
