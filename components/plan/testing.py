"""Section `testing`: the limits that a candidate must hold to be promoted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sevenfold.plan.costs import Costs
from sevenfold.plan.section import Fraction, Section

__all__ = ["Gate", "TestingSection", "Undecided"]


class Undecided(StrEnum):
    """What happens to a candidate that the test rows neither speak for nor against."""

    HOLD = "hold"  # a person decides
    KEEP = "keep"  # the serving model stays


def _number_or_auto(value: object) -> object:
    """Refuse in one sentence what is neither; a union of types would have one for each."""
    if value is None or value == "auto":
        return value
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("must be a number from 0 to 1, or auto")
    return number


class Gate(Section):
    """A limit on one metric of the test rows; exactly one of `at_least` and `at_most`."""

    metric: Annotated[
        str,
        Field(description="Name of a metric of the task, such as roc_auc, log_loss, accuracy, f1, rmse, mae or r2."),
    ]
    at_least: Annotated[float | None, Field(description="Smallest value that passes.")] = None
    at_most: Annotated[float | None, Field(description="Largest value that passes.")] = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of `at_least` and `at_most`")
        return self


class TestingSection(Section):
    """Main metric, gates, slices, the comparison with the serving model, and the decision threshold."""

    __test__ = False  # not a test class, whatever its name

    metric: Annotated[
        str, Field(description="The metric that decides; empty takes roc_auc, log_loss or rmse, by the task.")
    ] = ""
    gates: Annotated[tuple[Gate, ...], Field(description="Limits on metrics, which must all hold.")] = ()
    max_overfitting: Annotated[
        float, Field(description="Largest allowed gap of the main metric between training and test rows.", ge=0)
    ] = 0.1
    slices: Annotated[tuple[str, ...], Field(description="Columns whose values are tested as slices, one by one.")] = ()
    min_slice_rows: Annotated[
        int, Field(description="Number of rows that a slice needs to be judged; smaller ones are only shown.", ge=1)
    ] = 200
    max_slice_gap: Annotated[float, Field(description="Amount by which a slice may be worse than all rows.", ge=0)] = (
        0.1
    )
    margin: Annotated[
        float,
        Field(
            description="Amount by which a candidate may be worse than the serving model and the best ever promoted; "
            "a candidate is promoted when it is shown to hold it.",
            ge=0,
        ),
    ] = 0.002
    undecided: Annotated[
        Undecided,
        Field(
            description="What happens where the test rows show neither that a limit holds nor that it does not: hold "
            "deploys the candidate without traffic until a person decides, keep lets the serving model stay."
        ),
    ] = Undecided.HOLD
    confidence: Annotated[
        float, Field(description="Confidence with which a gate is shown to hold, or not to.", gt=0.5, lt=1)
    ] = 0.95
    bootstrap: Annotated[
        int, Field(description="No longer used: no interval needs resampling. Older plans name it.", ge=100, le=10_000)
    ] = 500
    seed: Annotated[int, Field(description="Seed of the rows that are sampled, and of shuffled features.", ge=0)] = 7
    threshold: Annotated[
        Fraction | Literal["auto"] | None,
        BeforeValidator(_number_or_auto),
        Field(
            description="Probability from which the positive class is predicted, in a binary task. auto chooses it on "
            "the validation rows: by the costs, else by the gates' and the main metric. If not given: auto with costs, "
            "else 0.5."
        ),
    ] = None
    costs: Annotated[
        Costs | None, Field(description="What right and wrong decisions cost, in a binary task; chooses the threshold.")
    ] = None
