"""Slices: the rows of a table by the values of one column, and the main metric on each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.evaluation import SliceResult
from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.plan.testing import TestingSection
from sevenfold.tables.moment_formats import names_day
from sevenfold.testing.bounds import Estimate, two_sided
from sevenfold.testing.evidence import measured, on_part
from sevenfold.testing.scored_rows import ScoredRows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_VALUES", "MIN_NAMED", "JudgedSlice", "Slice", "slice_scores", "slices_of"]

MAX_VALUES: Final = 20  # per column; the others are one slice
MIN_NAMED: Final = 10  # a rarer value has no slice of its own
PARTS: Final = 4  # of a column of numbers or dates


@dataclass(frozen=True)
class Slice:
    """Some rows of a table: the column, the label of its value, a mask of the rows."""

    column: str
    value: str
    rows: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class JudgedSlice:
    """The score of one slice, and how much worse it is than that of all rows."""

    result: SliceResult
    gap: Estimate

    def judged(self, section: TestingSection) -> bool:
        """Whether it has rows enough for a verdict."""
        return self.result.rows >= section.min_slice_rows and self.result.interval is not None and self.gap.defined

    def excess(self, section: TestingSection) -> float:
        """Return by how many of its standard errors the gap exceeds the limit."""
        error = float(np.sqrt((self.gap.influence**2).mean() / max(len(self.gap.influence), 1)))
        return (self.gap.value - section.max_slice_gap) / max(error, float(np.finfo(np.float64).tiny))


def slices_of(table: pa.Table, name: str, column: Column) -> list[Slice]:
    """Return the slices of one column; every row is in exactly one.

    Categories and booleans give a slice per value, the most frequent first: at most `MAX_VALUES`, and only those seen
    at least `MIN_NAMED` times; the rest is the slice "other". Numbers and dates with more than `MAX_VALUES` values
    give `PARTS` slices of about as many rows. Missing values are the slice "missing". The values of a sensitive
    column are numbered instead of named.

    Raises:
        DataError: ``no_such_column`` if the table does not hold the column.
    """
    if name not in table.column_names:
        raise DataError(
            "no_such_column",
            f"`testing.slices` must name columns of the dataset, but {name!r} is not kept in it.",
            remedy="Remove it from testing.slices, or give it another role than ignore.",
        )
    values = table.column(name)
    missing = np.asarray(values.is_null(nan_is_null=True).to_numpy())
    codes, labels = _coded(values, column, missing)
    slices = [Slice(name, label, codes == code) for code, label in enumerate(labels)]
    if missing.any():
        slices.append(Slice(name, "missing", missing))
    return [part for part in slices if part.rows.any()]


def slice_scores(
    test: ScoredRows,
    parts: Sequence[Slice],
    metric: str,
    whole: Estimate,
    section: TestingSection,
    threshold: float = DEFAULT_THRESHOLD,
) -> list[JudgedSlice]:
    """Return the main metric of each slice with its interval, and its gap to the metric of all rows.

    `threshold` is the probability from which a binary model says the positive class.
    """
    judged = []
    for part in parts:
        scored = test.part(part.rows)
        own = measured(metric, scored, threshold=threshold)
        result = SliceResult(
            column=part.column,
            value=part.value,
            rows=len(scored),
            score=own.value if np.isfinite(own.value) else None,
            interval=two_sided(own, section.confidence),
        )
        judged.append(JudgedSlice(result, on_part(metric, own, whole, part.rows)))
    return judged


def _coded(values: Any, column: Column, missing: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(values.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    indices = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    indices[missing] = -1
    if column.kind in (Kind.CATEGORY, Kind.BOOLEAN) or len(encoded.dictionary) <= MAX_VALUES:
        return _by_value(indices, [_label(value) for value in encoded.dictionary.to_pylist()], column.sensitive)
    return _by_part(values, missing, column)


def _by_value(indices: NDArray[np.int64], names: list[str], sensitive: bool) -> tuple[NDArray[np.int64], list[str]]:
    counts = np.bincount(indices[indices >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda index: (-counts[index], names[index]))
    named = [index for index in order[:MAX_VALUES] if counts[index] >= MIN_NAMED]
    code_of = np.full(len(names) + 1, len(named), dtype=np.int64)
    code_of[named] = np.arange(len(named))
    code_of[-1] = -1  # missing rows have index -1
    labels = [f"value {i + 1}" if sensitive else names[index] for i, index in enumerate(named)]
    return code_of[indices], [*labels, "other"]


def _by_part(values: Any, missing: NDArray[np.bool_], column: Column) -> tuple[NDArray[np.int64], list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.kind is Kind.DATETIME:
        values = pc.cast(values, pa.int64())
    numbers = np.nan_to_num(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    edges = np.unique(np.quantile(numbers[~missing], np.arange(1, PARTS) / PARTS))
    codes = np.searchsorted(edges, numbers, side="left").astype(np.int64)
    codes[missing] = -1
    if column.sensitive:
        return codes, [f"part {i + 1} of {len(edges) + 1}" for i in range(len(edges) + 1)]
    texts = [_moment(edge, column) if column.kind is Kind.DATETIME else f"{edge:.6g}" for edge in edges]
    between = [f"above {low}, up to {high}" for low, high in itertools.pairwise(texts)]
    return codes, [f"up to {texts[0]}", *between, f"above {texts[-1]}"]


def _moment(microseconds: float, column: Column) -> str:
    day, _, time = str(np.datetime64(int(microseconds), "us").astype("datetime64[m]")).partition("T")
    return f"{day} {time}" if names_day(column.date_format) else time


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
