"""Which space a sampler can search, and how many combinations a grid has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, Sampler
from sevenfold.tuning.space import applies, draw_order

__all__ = ["grid_size", "require_searchable"]


def require_searchable(sampler: Sampler, space: Mapping[str, Dimension]) -> None:
    """Raise where a sampler cannot search a space, or would do something else with a part of it.

    Raises:
        TrainingError: ``grid_without_steps``; ``conditions_not_searchable``; ``too_few_numbers``.
    """
    if sampler is Sampler.GRID:
        endless = [name for name, dimension in space.items() if dimension.points is None]
        if endless:
            raise TrainingError(
                "grid_without_steps",
                f"tuning.sampler: grid tries every value, but {_names(endless)} can have any between low and high.",
                remedy="Give step or integer: true, write the values as choices, or take another sampler.",
            )
    conditional = [name for name, dimension in space.items() if dimension.when]
    if sampler in (Sampler.GP, Sampler.CMAES) and conditional:
        raise TrainingError(
            "conditions_not_searchable",
            f"tuning.sampler: {sampler.value} models settings that every trial has, but these have a "
            f"condition: {_names(conditional)}.",
            remedy="Write sampler: tpe, random or grid, or remove `when`.",
        )
    numbers = [name for name, dimension in space.items() if dimension.choices is None]
    if sampler is Sampler.CMAES and len(numbers) < 2:
        raise TrainingError(
            "too_few_numbers",
            f"tuning.sampler: cmaes needs at least two settings with low and high, but the space has {len(numbers)}: "
            "it does not model choices.",
            remedy="Write sampler: tpe, gp or random.",
        )


def grid_size(space: Mapping[str, Dimension]) -> int | None:
    """Return how many combinations a space has, those that a condition rules out not counted; None for no end."""
    if any(dimension.points is None for dimension in space.values()):
        return None
    deciding = {other for dimension in space.values() for other in dimension.when}
    return _count(space, draw_order(space), {}, deciding)


def _count(space: Mapping[str, Dimension], names: Sequence[str], params: Mapping[str, Any], deciding: set[str]) -> int:
    """Return how many ways there are to draw the rest of the settings."""
    if not names:
        return 1
    name, rest = names[0], names[1:]
    if not applies(space, name, params):
        return _count(space, rest, params, deciding)
    points = space[name].points or 0
    if name not in deciding:
        return points * _count(space, rest, params, deciding)
    return sum(_count(space, rest, {**params, name: index}, deciding) for index in range(points))


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`tuning.space.{name}`" for name in names)
