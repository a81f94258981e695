"""Section `tuning.space.NAME`: one setting that tuning searches."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from sevenfold.plan.section import Section

__all__ = ["Dimension"]


class Dimension(Section):
    """One setting to search: either `choices`, or `low` and `high`."""

    low: Annotated[float | None, Field(description="Smallest value of the range.")] = None
    high: Annotated[float | None, Field(description="Largest value of the range.")] = None
    log: Annotated[bool, Field(description="Whether to search on a logarithmic scale.")] = False
    integer: Annotated[bool, Field(description="Whether to take whole numbers only.")] = False
    step: Annotated[
        float | None,
        Field(
            description="Distance between the values of the range, from low on; if not given, any value between.", gt=0
        ),
    ] = None
    choices: Annotated[tuple[Any, ...] | None, Field(description="The values to choose from.")] = None
    when: Annotated[
        dict[str, tuple[Any, ...]],
        Field(
            description="Condition under which the setting exists: names of other settings with choices, each with a "
            "list of those choices, as in when: {optimizer: [sgd]}; all must hold. If empty: always."
        ),
    ] = {}

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ranged = self.low is not None and self.high is not None
        if ranged == (self.choices is not None):
            raise ValueError("give either `choices`, or `low` and `high`")
        if self.choices is not None and len(self.choices) == 0:
            raise ValueError("`choices` must not be empty")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError("`low < high` must hold")
        if self.log and self.low is not None and self.low <= 0:
            raise ValueError("`low > 0` must hold when `log` is set")
        return self

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        if self.step is None or self.low is None or self.high is None:
            if self.step is not None:
                raise ValueError("`step` belongs to `low` and `high`, not to `choices`")
            return self
        if self.log:
            raise ValueError("`step` and `log` exclude each other; write the values as `choices`")
        if self.integer and not (self.step.is_integer() and self.low.is_integer()):
            raise ValueError("`step` and `low` must be whole numbers when `integer` is set")
        low, high, step = (Decimal(str(value)) for value in (self.low, self.high, self.step))
        if (high - low) % step:
            nearest = low + (high - low) // step * step
            raise ValueError(f"`high` must lie a whole number of steps above `low`, as {nearest} or {nearest + step}")
        return self

    @property
    def points(self) -> int | None:
        """How many values there are; None for every number between two."""
        if self.choices is not None:
            return len(self.choices)
        low, high = Decimal(str(self.low)), Decimal(str(self.high))
        if self.step is not None:
            return int((high - low) / Decimal(str(self.step))) + 1
        return int(high.__floor__() - low.__ceil__()) + 1 if self.integer else None
