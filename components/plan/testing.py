"""Section `testing`: what a candidate must reach to be promoted."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from sevenfold.plan.section import Fraction, Section

__all__ = ["Gate", "TestingSection"]


class Gate(Section):
    """A limit on one metric of the test rows; exactly one of `at_least` and `at_most`."""

    metric: Annotated[
        str,
        Field(
            description="roc_auc, log_loss, accuracy, balanced_accuracy, f1, brier, calibration_error, rmse, mae, r2 …"
        ),
    ]
    at_least: Annotated[float | None, Field(description="Smallest value that passes.")] = None
    at_most: Annotated[float | None, Field(description="Largest value that passes.")] = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of `at_least` and `at_most`")
        return self


class TestingSection(Section):
    """Main metric, gates, slices, comparison with what serves."""

    __test__ = False  # not a test class, whatever its name

    metric: Annotated[
        str, Field(description="The metric that decides; empty takes roc_auc, log_loss or rmse by task.")
    ] = ""
    gates: Annotated[tuple[Gate, ...], Field(description="Limits that must all hold.")] = ()
    max_overfitting: Annotated[
        float, Field(description="Largest gap of the main metric between training and test rows.", ge=0)
    ] = 0.1
    slices: Annotated[tuple[str, ...], Field(description="Columns whose values are tested one by one.")] = ()
    min_slice_rows: Annotated[int, Field(description="A slice with fewer rows is shown, not judged.", ge=1)] = 200
    max_slice_gap: Annotated[
        float,
        Field(description="How much worse than the whole a slice may be, beyond its confidence interval.", ge=0),
    ] = 0.1
    margin: Annotated[
        float, Field(description="How much worse than the model now serving a candidate may be.", ge=0)
    ] = 0.002
    confidence: Annotated[float, Field(description="Confidence of the bootstrap interval.", gt=0.5, lt=1)] = 0.95
    bootstrap: Annotated[int, Field(description="Bootstrap samples.", ge=100, le=10_000)] = 500
    seed: Annotated[int, Field(description="Seed of the bootstrap.", ge=0)] = 7
    threshold: Annotated[
        Fraction, Field(description="Binary: probability from which the positive class is predicted.")
    ] = 0.5
