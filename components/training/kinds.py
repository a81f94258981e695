"""The kinds of models that a plan's section `training` stands for."""

from __future__ import annotations

from typing import Any

from sevenfold.plan.training import ModelChoice, TrainingSection
from sevenfold.training.linear.kind import LinearKind
from sevenfold.training.protocol import ModelKind
from sevenfold.training.pytorch.kind import NetworkKind
from sevenfold.training.pytorch.model import Model

__all__ = ["kind_named", "kinds_of"]


def kinds_of(section: TrainingSection) -> tuple[ModelKind[Any], ...]:
    """Return the kinds that tuning chooses among, the simplest first; one unless the plan says `auto`.

    Raises:
        TrainingError: as `load_source`.
    """
    if section.model is ModelChoice.LINEAR:
        return (LinearKind(),)
    return (NetworkKind(Model.of(section)),)


def kind_named(section: TrainingSection, name: str) -> ModelKind[Any]:
    """Return the kind that tuning chose; where it chose none, the only one, or of several the one before the last.

    Raises:
        TrainingError: as `kinds_of`.
    """
    kinds = kinds_of(section)
    return next((kind for kind in kinds if kind.name == name), kinds[0] if len(kinds) == 1 else kinds[-2])
