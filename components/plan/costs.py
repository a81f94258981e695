"""What decisions cost."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from sevenfold.plan.section import Section

__all__ = ["Costs"]


class Costs(Section):
    """The cost of a decision on one row, in any unit; a gain is a negative cost."""

    false_positive: Annotated[float, Field(description="Cost of a yes where no is true, such as a needless check.")]
    false_negative: Annotated[float, Field(description="Cost of a no where yes is true, such as a missed fraud.")]
    true_positive: Annotated[float, Field(description="Cost of a right yes; negative for a gain.")] = 0.0
    true_negative: Annotated[float, Field(description="Cost of a right no; negative for a gain.")] = 0.0

    @model_validator(mode="after")
    def _errors_cost_more(self) -> Self:
        for wrong, right in (("false_positive", "true_negative"), ("false_negative", "true_positive")):
            if getattr(self, wrong) <= getattr(self, right):
                raise ValueError(f"{wrong} must cost more than {right}, which costs {getattr(self, right):g}")
        return self

    @property
    def calibrated_threshold(self) -> float:
        """The probability from which a yes costs less than a no, if probabilities are exact (Elkan 2001).

        >>> Costs(false_positive=1, false_negative=9).calibrated_threshold
        0.1
        """
        needless = self.false_positive - self.true_negative
        return needless / (needless + self.false_negative - self.true_positive)
