"""Section `preparation`: how rows are split and columns made ready for a model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.plan.ray import PreparationRaySection
from sevenfold.plan.section import Moment, Section

__all__ = [
    "DuplicateRows",
    "Encoding",
    "Imputation",
    "PreparationEngine",
    "PreparationSection",
    "Scaling",
    "SplitBy",
    "SplitSection",
]


class SplitBy(StrEnum):
    """What decides on which side of the split a row falls."""

    TIME = "time"
    GROUP = "group"
    STRATIFIED = "stratified"


class PreparationEngine(StrEnum):
    """What reads and checks the rows."""

    PROCESS = "process"
    RAY = "ray"


class DuplicateRows(StrEnum):
    """What becomes of rows that stand in the table more than once."""

    TOGETHER = "together"  # on one side of the split
    IGNORE = "ignore"  # as if they were different


class Imputation(StrEnum):
    """What stands in for a missing number; fitted on the training rows."""

    MEDIAN = "median"
    MEAN = "mean"
    ZERO = "zero"


class Scaling(StrEnum):
    """How numbers are brought to one scale; fitted on the training rows."""

    STANDARD = "standard"  # (x - mean) / standard deviation
    ROBUST = "robust"  # (x - median) / interquartile range
    NONE = "none"


class Encoding(StrEnum):
    """How categories become numbers; fitted on the training rows."""

    EMBEDDING = "embedding"
    ONEHOT = "onehot"


class SplitSection(Section):
    """How the rows are split into train, validation and test."""

    by: Annotated[SplitBy, Field(description="What decides the part a row belongs to: time, group or stratified.")] = (
        SplitBy.STRATIFIED
    )
    column: Annotated[str, Field(description="The time or group column; empty for a stratified split.")] = ""
    validation: Annotated[float, Field(description="Share of the rows for validation.", gt=0, lt=1)] = 0.2
    test: Annotated[float, Field(description="Share of the rows for testing.", gt=0, lt=1)] = 0.2
    validation_from: Annotated[
        Moment, Field(description="First moment of the validation period in a split by time, in ISO 8601.")
    ] = ""
    test_from: Annotated[Moment, Field(description="First moment of the test period, in ISO 8601.")] = ""
    test_until: Annotated[
        Moment, Field(description="First moment after the test period, in ISO 8601; later rows are kept for replay.")
    ] = ""
    seed: Annotated[int, Field(description="Seed of the shuffle.", ge=0)] = 7
    duplicates: Annotated[
        DuplicateRows,
        Field(
            description="Rows with equal, or nearly equal, features and target: `together` on one side of a split that "
            "is not by time, or `ignore`, as if they were different."
        ),
    ] = DuplicateRows.TOGETHER


class PreparationSection(Section):
    """Split, missing values, normalisation, encoding."""

    engine: Annotated[
        PreparationEngine,
        Field(description="Engine that reads and checks the rows: this one process, or ray. The dataset is the same."),
    ] = PreparationEngine.PROCESS
    ray: Annotated[PreparationRaySection, Field(description="Where Ray runs, for engine: ray.")] = (
        PreparationRaySection()
    )

    split: Annotated[SplitSection, Field(description="How rows are split into train, validation and test.")] = (
        SplitSection()
    )
    imputation: Annotated[
        Imputation, Field(description="Value that replaces a missing number: median, mean or zero.")
    ] = Imputation.MEDIAN
    missing_indicator: Annotated[
        bool, Field(description="Whether to add a 0/1 input for each column that has missing values in training.")
    ] = True
    scaling: Annotated[Scaling, Field(description="How numbers are scaled: standard, robust or none.")] = (
        Scaling.STANDARD
    )
    encoding: Annotated[Encoding, Field(description="How categories are encoded: embedding or onehot.")] = (
        Encoding.EMBEDDING
    )
    encodings: Annotated[
        dict[str, Encoding], Field(description="Encodings of single columns, by name, that differ from `encoding`.")
    ] = {}
    min_count: Annotated[
        int, Field(description="Number of training rows below which a category counts as rare.", ge=1)
    ] = 10
    max_levels: Annotated[
        int, Field(description="Largest number of categories kept per column; the others count as rare.", ge=2)
    ] = 1_000
