"""The kinds of models that a plan's section `training` stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import Framework, ModelChoice, TrainingSection
from sevenfold.training.foreign.kind import ForeignKind
from sevenfold.training.linear.kind import LinearKind
from sevenfold.training.protocol import ModelKind
from sevenfold.training.pytorch.kind import NetworkKind
from sevenfold.training.pytorch.model import Model
from sevenfold.training.source import TRAIN, Source, load_source
from sevenfold.training.tensorflow.kind import KerasKind
from sevenfold.training.tensorflow.model import Model as KerasModel
from sevenfold.training.trees.kind import TreesKind

__all__ = ["finished_kind", "kind_named", "kinds_of", "own_name"]


def kinds_of(section: TrainingSection, shared: str | None = None) -> tuple[ModelKind[Any], ...]:
    """Return the kinds that tuning chooses among, the simplest first; one unless the plan leaves the choice.

    Args:
        section: of the plan.
        shared: address of the store that the pods of a TrainJob reach too; None where no fit needs one.

    Raises:
        TrainingError: as `load_source`; ``unknown_setting`` for a setting that names none of several kinds.
    """
    if section.framework is Framework.ONNX:
        return (ForeignKind(load_source(section.source, TRAIN)),)
    if section.leaves_choice:
        kinds: tuple[ModelKind[Any], ...] = (LinearKind(), TreesKind(), NetworkKind(Model(), shared))
        for name in section.settings:
            own_name(kinds, name)
        return kinds
    if section.framework is Framework.TENSORFLOW:
        return (KerasKind(KerasModel.of(section)),)
    if section.model is ModelChoice.LINEAR:
        return (LinearKind(),)
    if section.model is ModelChoice.TREES:
        return (TreesKind(),)
    return (NetworkKind(Model.of(section), shared),)


def kind_named(section: TrainingSection, name: str, shared: str | None = None) -> ModelKind[Any]:
    """Return the kind that tuning chose; where it chose none, the only one, or of several the last: see `kinds_of`.

    Raises:
        TrainingError: as `kinds_of`.
    """
    kinds = kinds_of(section, shared)
    return next((kind for kind in kinds if kind.name == name), kinds[-1])


def finished_kind(source: Source) -> ModelKind[Any]:
    """Return the kind of a model that is fitted already: `source` gives it, whatever the rows."""
    return ForeignKind(source)


def own_name(kinds: Iterable[ModelKind[Any]], name: str) -> tuple[ModelKind[Any], str]:
    """Return the kind that a setting of a plan is for, and the setting's name there.

    Of one kind the plan names settings as they are, of several as in ``trees.learning_rate``.

    Raises:
        TrainingError: ``unknown_setting``.
    """
    known = {kind.name: kind for kind in kinds}
    if len(known) == 1:
        return next(iter(known.values())), name
    kind, _, own = name.partition(".") if "." in name else ("", "", name)
    if kind not in known or not own:
        raise TrainingError(
            "unknown_setting",
            f"With training.model: auto a setting must begin with its kind of model, but got {name!r}.",
            remedy=f"Write {' or '.join(f'{kind}.{own}' for kind in known)}, or name one kind as training.model.",
        )
    return known[kind], own
