"""Section `preparation`: how rows are split and columns made ready for a model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Moment, Section

__all__ = ["Encoding", "Imputation", "PreparationSection", "Scaling", "SplitBy", "SplitSection"]


class SplitBy(StrEnum):
    """What decides on which side of the split a row falls."""

    TIME = "time"
    GROUP = "group"
    STRATIFIED = "stratified"


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

    by: Annotated[SplitBy, Field(description="time, group or stratified.")] = SplitBy.STRATIFIED
    column: Annotated[str, Field(description="The time or group column; empty for stratified.")] = ""
    validation: Annotated[float, Field(description="Share of the rows for validation.", gt=0, lt=1)] = 0.2
    test: Annotated[float, Field(description="Share of the rows for testing.", gt=0, lt=1)] = 0.2
    validation_from: Annotated[
        Moment, Field(description="Time split by date: first moment of validation, ISO 8601.")
    ] = ""
    test_from: Annotated[Moment, Field(description="First moment of the test period.")] = ""
    test_until: Annotated[
        Moment, Field(description="First moment after the test period; later rows are kept for replay.")
    ] = ""
    seed: Annotated[int, Field(description="Seed of the shuffle.", ge=0)] = 7


class PreparationSection(Section):
    """Split, missing values, normalisation, encoding."""

    split: Annotated[SplitSection, Field(description="How rows are split.")] = SplitSection()
    imputation: Annotated[Imputation, Field(description="What stands in for a missing number.")] = Imputation.MEDIAN
    missing_indicator: Annotated[
        bool, Field(description="Add a 0/1 input per column that has missing values in training.")
    ] = True
    scaling: Annotated[Scaling, Field(description="How numbers are scaled.")] = Scaling.STANDARD
    encoding: Annotated[Encoding, Field(description="How categories are encoded.")] = Encoding.EMBEDDING
    encodings: Annotated[dict[str, Encoding], Field(description="Encoding of single columns.")] = {}
    min_count: Annotated[int, Field(description="A category seen fewer times in training counts as rare.", ge=1)] = 10
    max_levels: Annotated[
        int, Field(description="Most categories kept per column; the others count as rare.", ge=2)
    ] = 1_000
