"""What preparation did: the record that the report is made of, with the warnings for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind, Schema
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import SplitBy
from sevenfold.preparation.features import FeatureFindings
from sevenfold.preparation.timeline import Span
from sevenfold.report.model import Table
from sevenfold.report.quantity import quantity
from sevenfold.tables.duplicates import Duplicates, held_out_copies
from sevenfold.tables.far_values import FarValues
from sevenfold.tables.numbers import Numbers, in_order, pieces
from sevenfold.tables.reader import TableReader
from sevenfold.tables.records import REPEATED_HEADER
from sevenfold.tables.split import LATER, TRAIN

__all__ = ["DuplicateCounts", "Prepared", "RowTimes", "is_date", "warnings_of"]


@dataclass(frozen=True)
class DuplicateCounts:
    """Rows that repeat an earlier one, to the letter or nearly, and rows held out that have a copy in training."""

    exact: int
    near: int
    held_out: int

    @classmethod
    def of(cls, duplicates: Duplicates, sides: NDArray[np.int8]) -> Self:
        """Count the duplicates of a table whose split is drawn."""
        held_out = 0 if duplicates.record is None else held_out_copies(duplicates.record, sides, TRAIN)
        return cls(duplicates.exact, duplicates.near, held_out)


@dataclass(frozen=True)
class RowTimes:
    """What is left of the times that a split goes by, once it is drawn.

    `later` holds the times of the rows that come after all others, None where there are none. `future` counts moments
    that are still to come.
    """

    ordered: bool
    future: int
    later: NDArray[Any] | None
    spans: list[Span]

    @classmethod
    def of(cls, times: Numbers, sides: NDArray[np.int8], spans: list[Span], *, is_date: bool) -> Self:
        """Look at the times of all rows, int64 microseconds or numbers."""
        now = datetime.now(tz=UTC).timestamp() * 1e6
        future, start, later = 0, 0, []
        for some in pieces(times):
            future += int(np.count_nonzero(some > now)) if is_date else 0
            later.append(some[sides[start : start + len(some)] == LATER])
            start += len(some)
        found = np.concatenate(later)
        return cls(ordered=in_order(times), future=future, later=found if len(found) else None, spans=spans)


@dataclass(frozen=True)
class Prepared:
    """What preparation did: enough for a report, nothing that gives away a sensitive column's values."""

    digest: str
    source: str
    schema: Schema
    by: SplitBy
    rows: int
    splits: dict[str, int]
    refused: dict[str, int]  # by code
    refused_by_column: dict[tuple[str, str], int]
    features: list[FeatureFindings]
    balance: dict[str, dict[str, float]]  # per side: share per class, or mean and deviation
    timeline: list[Span]
    merged_rows: dict[str, int] = field(default_factory=dict)  # rows by label that was merged or left out
    warnings: list[str] = field(default_factory=list)
    duplicates: DuplicateCounts | None = None  # None where they were not looked for
    refined: Table | None = None  # what the steps of the recipe changed, where the plan has one

    @property
    def kept(self) -> int:
        """Rows that came into the dataset."""
        return sum(self.splits.values())


def is_date(data: DataSection, name: str) -> bool:
    """Whether a column is one of moments; "" is none."""
    return bool(name) and data.columns[name].kind is Kind.DATETIME


def warnings_of(
    reader: TableReader,
    features: list[FeatureFindings],
    times: RowTimes | None,
    data: DataSection,
    split_column: str,
) -> list[str]:
    """Return what people should know: dropped and leaking columns, trimmed texts, order and future of the rows."""
    texts: list[str] = []
    if repeated := reader.quarantine.counts[REPEATED_HEADER]:
        texts.append(
            f"The header is repeated {quantity(repeated, 'time')} among the rows, as where files are put one after the "
            "other; "
            "those lines are no rows and lie in the quarantine."
        )
    why = {
        "all_missing": "has no value in the training rows",
        "constant": "has one value only in the training rows",
        "all_rare": "has no category that is frequent enough in the training rows",
    }
    texts += [f"Column {feature.name!r} {why[feature.dropped]}: dropped." for feature in features if feature.dropped]
    texts += [
        f"Column {f.name!r} reveals the target almost by itself; the plan allows it." for f in features if f.leaks
    ]
    texts += [_far_text(item, item.far) for item in features if item.far is not None and not item.dropped]
    for name, count in reader.trimmed.items():
        texts.append(f"Column {name!r}: white space around {quantity(count, 'value')} was trimmed.")
    if (named := reader.classes.absent) and not data.columns[data.target].sensitive:
        texts.append(f"Labels that the plan merges or leaves out are not in the table: {', '.join(named[:8])}.")
    if reader.absent:
        texts.append(f"Columns that the plan ignores are not in the table: {', '.join(reader.absent[:8])}.")
    if times is not None and not times.ordered:
        texts.append(f"The rows are not in the order of {split_column!r}; the split goes by the values.")
    if times is not None and times.future:
        texts.append(f"{quantity(times.future, 'row has', 'rows have')} a moment of {split_column!r} in the future.")
    return texts


def _far_text(item: FeatureFindings, far: FarValues) -> str:
    many = quantity(far.count, "training value lies", "training values lie")
    text = f"Column {item.name!r}: {many} so far from all others that they alone would decide its scale, and are cut"
    if item.column.sensitive:
        return f"{text}."
    times = f"{far.value_count:,} times" if far.value_count > 1 else "once"
    return f"{text}; {far.value:g} is there {times}. If it means missing, write '{far.value!r}' into data.missing."
