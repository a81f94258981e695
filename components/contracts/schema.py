"""Columns of a table, their roles and types, in the plan and in a dataset's `schema.json` alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from sevenfold.contracts.refinement import Refinement

__all__ = [
    "FORMAT_VERSION",
    "MAX_INTEGER",
    "Column",
    "Kind",
    "Notation",
    "Part",
    "Role",
    "Schema",
    "Task",
    "label_text",
]

# 2 added `notation`; 3 parts of moments and their local time, merged and left out classes; 4 the refinement;
# 5 splits of several files
FORMAT_VERSION = 5
MAX_INTEGER: Final = 2**53  # beyond it a float64 no longer holds every whole number


class Kind(StrEnum):
    """How a column's values are read, and how they enter `model.onnx`."""

    NUMBER = "number"  # float64; DOUBLE in the graph, NaN for missing
    INTEGER = "integer"  # int64 up to 2^53; DOUBLE in the graph, NaN for missing
    BOOLEAN = "boolean"  # DOUBLE 0.0 or 1.0 in the graph, NaN for missing
    CATEGORY = "category"  # string; "" for missing in the graph
    DATETIME = "datetime"  # int64 microseconds since 1970-01-01 UTC, with a null flag


class Part(StrEnum):
    """The parts of a datetime that a model may see, in the column's time zone; in UTC where it has none.

    The first three are cyclic and give three inputs each: sine and cosine of the phase, and the phase itself brought
    to [-1, 1), all 0 where the date is missing. The phase is the minute of 1 440, the weekday of 7 from Monday, and the
    day of 366 in a year of 365.2425 days (within two days of the calendar's). `TREND` is one input: days since 1970,
    standardised; it lets a model see that time passes, and extrapolates beyond the training rows.
    """

    TIME_OF_DAY = "time_of_day"
    WEEKDAY = "weekday"
    DAY_OF_YEAR = "day_of_year"
    TREND = "trend"


class Role(StrEnum):
    """What a column is for. Only features enter the model."""

    FEATURE = "feature"
    TARGET = "target"
    TIME = "time"  # orders the rows; a feature only when `also_feature` is set
    GROUP = "group"  # rows of one group stay on one side of the split
    IDENTIFIER = "identifier"
    IGNORE = "ignore"  # kept in the plan with its reason, never read by the model


class Task(StrEnum):
    """What is predicted."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True)
class Notation:
    """How a table writes its values: the decimal sign, the thousands separator ("" for none), texts for missing.

    A text of `missing` that is a number, such as ``-999`` or ``inf``, also stands for every equal number.
    """

    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ("",)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The trimmed texts that mean a missing value, a blank one always among them."""
        return frozenset(("", *(token.strip() for token in self.missing)))

    @cached_property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers that mean a missing value, ascending; NaN always does and is not among them."""
        numbers = {_number(token.replace(self.decimal, ".")) for token in self.tokens}
        return tuple(sorted(number for number in numbers if number is not None))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) or "_" in text else number


class Column(BaseModel):
    """One column of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    kind: Annotated[Kind, Field(description="How the values are read: number, integer, boolean, category or datetime.")]
    role: Annotated[
        Role, Field(description="Purpose of the column: feature, target, time, group, identifier or ignore.")
    ] = Role.FEATURE
    also_feature: Annotated[bool, Field(description="Whether a column with role time or group is a feature too.")] = (
        False
    )
    unit: Annotated[str, Field(description="Unit of the numbers, shown in reports.")] = ""
    symbols: Annotated[
        tuple[str, ...],
        Field(description="Texts, such as $ or %, of which one may stand before or after a number; not part of it."),
    ] = ()
    nullable: Annotated[bool, Field(description="Whether a value may be missing.")] = True
    range: Annotated[tuple[float, float] | None, Field(description="Smallest and largest value that are allowed.")] = (
        None
    )
    categories: Annotated[tuple[str, ...] | None, Field(description="The only values that are allowed.")] = None
    true_values: Annotated[tuple[str, ...], Field(description="Texts that mean true, for kind boolean.")] = (
        "true",
        "True",
        "TRUE",
        "1",
    )
    false_values: Annotated[tuple[str, ...], Field(description="Texts that mean false, for kind boolean.")] = (
        "false",
        "False",
        "FALSE",
        "0",
    )
    date_format: Annotated[
        str,
        Field(
            description="Format of a datetime in the notation of strptime, or %s for seconds and %s%f for milliseconds "
            "since 1970; empty reads ISO 8601."
        ),
    ] = ""
    time_zone: Annotated[
        str,
        Field(description="Time zone, such as Europe/Oslo, of moments without an offset; empty takes them for UTC."),
    ] = ""
    parts: Annotated[
        tuple[Part, ...],
        Field(
            description="Parts of a datetime that the model sees: time_of_day (hour and minute), weekday, day_of_year "
            "(month and day), trend; local where time_zone is given. Empty takes the cycles that vary in training."
        ),
    ] = ()
    sensitive: Annotated[
        bool, Field(description="Whether the values are sensitive, and never appear in reports, logs or errors.")
    ] = False
    note: Annotated[str, Field(description="A note for readers of the plan.")] = ""

    @property
    def is_feature(self) -> bool:
        """Whether the column enters the model."""
        return self.role is Role.FEATURE or (self.also_feature and self.role in (Role.TIME, Role.GROUP))


class Schema(BaseModel):
    """The columns of a dataset in order, its target, task and class names (`schema.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = FORMAT_VERSION
    task: Task
    target: str
    classes: tuple[str, ...] = ()  # empty for regression; for binary the positive class comes last
    columns: dict[str, Column]
    notation: Notation = Notation()  # how the table wrote its values; a request may write them the same way
    merged_classes: dict[str, tuple[str, ...]] = {}  # by class, the labels of the table that count as it
    left_out_classes: tuple[str, ...] = ()  # labels of the table whose rows are no rows of the dataset
    refinement: Refinement | None = None  # how the rows became what they are, where the plan has a recipe

    @property
    def features(self) -> dict[str, Column]:
        """The columns that enter the model, in order."""
        return {name: column for name, column in self.columns.items() if column.is_feature}


def label_text(value: object) -> str:
    """Return the text by which a class is known, from the table to the served answer.

    >>> label_text(True), label_text(3.0), label_text(2.5), label_text("late")
    ('true', '3', '2.5', 'late')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
