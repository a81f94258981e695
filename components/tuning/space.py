"""The search space: a plan's dimensions as Optuna's distributions, and the conversion of values between the two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["applies", "distributions", "draw_order", "fitting", "params_of", "settings_of"]


def distributions(space: Mapping[str, Dimension]) -> dict[str, BaseDistribution]:
    """Return one Optuna distribution per dimension, in the space's order.

    A dimension of choices is searched by the position of the choice, since Optuna takes plain values only and holds
    1 and true for the same; `settings_of` gives the values back.

    Raises:
        TrainingError: ``empty_dimension`` for whole numbers between bounds that have none.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    ranges: dict[str, BaseDistribution] = {}
    for name, dimension in space.items():
        if dimension.choices is not None:
            ranges[name] = CategoricalDistribution(range(len(dimension.choices)))
            continue
        low, high = _bounds(name, dimension)
        if dimension.integer:
            ranges[name] = IntDistribution(int(low), int(high), log=dimension.log, step=int(dimension.step or 1))
        else:
            ranges[name] = FloatDistribution(low, high, log=dimension.log, step=dimension.step)
    return ranges


def draw_order(space: Mapping[str, Dimension]) -> tuple[str, ...]:
    """Return the settings in the order in which a trial draws them: a condition's settings before what it decides."""
    sorter = TopologicalSorter({name: dimension.when for name, dimension in space.items()})
    always = [name for name in space if not space[name].when]
    return (*always, *(name for name in sorter.static_order() if space[name].when))


def applies(space: Mapping[str, Dimension], name: str, params: Mapping[str, Any]) -> bool:
    """Return whether a setting exists in a trial with these of Optuna's parameters, drawn in `draw_order`."""
    for other, values in space[name].when.items():
        choices = space[other].choices
        if choices is None or other not in params:
            return False
        choice = choices[params[other]]
        if not any(_same(choice, value) for value in values):
            return False
    return True


def settings_of(space: Mapping[str, Dimension], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that Optuna's parameters stand for, in the space's order."""
    settings: dict[str, Any] = {}
    for name, dimension in space.items():
        if name in params:
            settings[name] = params[name] if dimension.choices is None else dimension.choices[params[name]]
    return settings


def params_of(space: Mapping[str, Dimension], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return Optuna's parameters for those settings that lie inside the space; the others are left out."""
    params: dict[str, Any] = {}
    for name, dimension in space.items():
        if name not in settings:
            continue
        value = settings[name]
        if dimension.choices is not None:
            for index, choice in enumerate(dimension.choices):
                if _same(choice, value):
                    params.setdefault(name, index)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = _bounds(name, dimension)
            if low <= value <= high and _on_step(dimension, value):
                params[name] = round(value) if dimension.integer else _stepped(dimension, value)
    return params


def fitting(space: Mapping[str, Dimension], starts: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return Optuna's parameters of settings to begin with, each once, and how many lie outside the space.

    Settings lie outside when one that is searched has a value that it cannot have now. A setting that is not searched
    is dropped, and one that is missing will be drawn.
    """
    known: list[dict[str, Any]] = []
    outside = 0
    for start in starts:
        params = params_of(space, start)
        if len(params) < sum(name in space for name in start):
            outside += 1
        elif params and params not in known:
            known.append(params)
    return known, outside


def _same(one: Any, other: Any) -> bool:
    return (type(one), one) == (type(other), other)  # 1 and true are two choices


def _on_step(dimension: Dimension, value: float) -> bool:
    step = dimension.step or (1.0 if dimension.integer else 0.0)
    if not step:
        return True
    start = dimension.low if dimension.step and dimension.low else 0.0
    steps = (value - start) / step
    return steps.is_integer() if dimension.integer else math.isclose(steps, round(steps), abs_tol=1e-9)


def _stepped(dimension: Dimension, value: float) -> float:
    """Return the value of the range that a number on a step stands for, so that 0.1 + 0.2 is 0.3."""
    if dimension.step is None:
        return float(value)
    low, step = Decimal(str(dimension.low)), Decimal(str(dimension.step))
    return float(low + round((Decimal(str(value)) - low) / step) * step)


def _bounds(name: str, dimension: Dimension) -> tuple[float, float]:
    low, high = float(dimension.low or 0.0), float(dimension.high or 0.0)
    if not dimension.integer:
        return low, high
    first, last = math.ceil(low), math.floor(high)
    if first > last:
        raise TrainingError(
            "empty_dimension",
            f"`tuning.space.{name}` searches whole numbers, but there is none from {low} to {high}.",
            remedy="Widen it.",
        )
    return first, last
