"""The search space: a plan's dimensions as Optuna's distributions, and the conversion of values between the two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["distributions", "params_of", "settings_of"]


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
            ranges[name] = IntDistribution(int(low), int(high), log=dimension.log)
        else:
            ranges[name] = FloatDistribution(low, high, log=dimension.log)
    return ranges


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
                if (type(choice), choice) == (type(value), value):
                    params.setdefault(name, index)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = _bounds(name, dimension)
            whole = float(value).is_integer()
            if low <= value <= high and (whole or not dimension.integer):
                params[name] = int(value) if dimension.integer else float(value)
    return params


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
