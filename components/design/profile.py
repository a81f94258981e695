"""Profile a table: what each column holds, what is missing, how values are spread. Sensitive values stay unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind
from sevenfold.design.look_alikes import LookAlike, look_alikes
from sevenfold.design.sensitive import UNIQUE, births_beside_names, why_sensitive
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable, read_typed
from sevenfold.runtime.progress import OnProgress

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.plan.data import DataSection

__all__ = ["MIN_NAMED", "ColumnProfile", "Profile", "profile_column", "profile_table", "profile_typed"]

MIN_NAMED: Final = 10  # a category seen less often is not named
TOP: Final = 12
BINS: Final = 24
QUANTILES: Final = (0.01, 0.25, 0.5, 0.75, 0.99)
HUGE: Final = 1e150  # its square would overflow
RARE: Final = 10  # training rows: fewer make a category rare, as preparation.min_count does where a plan names none
TRAIN_SHARE: Final = 0.6  # of the rows train, as plans are proposed


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds.

    Dates count as microseconds since 1970 UTC in `low`, `high`, `quantiles` and `edges`. `lengths` are the mean and the
    largest number of characters of texts. `rare` is how many rows have a category of which fewer than ten are to be
    expected among the rows that train, `alike` are the groups of texts that look like one. Where `sensitive` is not
    empty it says why, and there are counts only: no value, no range, no histogram.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    bad: int
    distinct: int
    sensitive: str = ""
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    lengths: tuple[float, int] | None = None
    rare: int = 0
    alike: tuple[LookAlike, ...] = ()
    note: str = ""

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing - self.bad

    @property
    def unique(self) -> bool:
        """Whether nearly every value is there once."""
        return self.present > 1 and self.distinct >= UNIQUE * self.present

    @property
    def constant(self) -> bool:
        """Whether all rows are alike."""
        return self.distinct <= 1 and self.missing + self.bad == 0


@dataclass(frozen=True)
class Profile:
    """What a table holds."""

    source: str
    bytes: int
    rows: int
    refused: int
    complete: bool
    repeated_headers: int = 0
    columns: dict[str, ColumnProfile] = field(default_factory=dict)

    @property
    def missing(self) -> float:
        """Share of the cells without a value."""
        cells = self.rows * len(self.columns)
        return sum(column.missing for column in self.columns.values()) / cells if cells else 0.0


def profile_table(
    table: Path | Sequence[Path], data: DataSection | None = None, *, on_progress: OnProgress | None = None
) -> Profile:
    """Profile a CSV or Parquet file.

    Args:
        table: the file, or the files that make up the table.
        data: what the file is and what its columns are; None guesses both.
        on_progress: called with a message, the columns done and their number.

    Raises:
        DataError: what `read_typed` raises.
    """
    return profile_typed(read_typed(table, data, on_progress=on_progress), data, on_progress=on_progress)


def profile_typed(
    table: TypedTable, data: DataSection | None = None, *, on_progress: OnProgress | None = None
) -> Profile:
    """Profile a table that was read; what is sensitive the plan says, or, without one, the values suggest."""
    columns: dict[str, ColumnProfile] = {}
    for at, (name, column) in enumerate(table.columns.items()):
        if on_progress is not None:
            on_progress(f"profile column {name}", at, len(table.columns))
        declared = data.columns.get(name) if data is not None else None
        if data is None:
            columns[name] = profile_column(column, table.rows)
        else:
            sensitive = "the plan says so" if declared is None or declared.sensitive else ""
            columns[name] = profile_column(column, table.rows, sensitive=sensitive)
    if data is None:
        reasons = {name: facts.sensitive for name, facts in columns.items()}
        for name in births_beside_names(table.columns.values(), reasons):
            columns[name] = profile_column(table.columns[name], table.rows, sensitive="a date of birth")
    return Profile(
        table.source, table.bytes, table.rows, table.refused, table.complete, table.repeated_headers, columns
    )


def profile_column(column: TypedColumn, rows: int, *, sensitive: str | None = None) -> ColumnProfile:
    """Profile one column; `sensitive` None lets name and values decide, else it is the reason, or "" for none."""
    values = _in_order(column) if column.kind not in (Kind.CATEGORY, Kind.BOOLEAN) else None
    levels = _levels(column) if values is None else None
    present = column.values.len() - column.values.null_count()
    distinct = _distinct(values) if values is not None else levels.height if levels is not None else 0
    facts: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "rows": rows,
        "missing": column.missing,
        "bad": column.bad,
        "distinct": distinct,
        "note": column.trouble or column.guess.why,
    }
    if sensitive is None:
        unique = present > 1 and distinct >= UNIQUE * present
        sensitive = why_sensitive(column, rows=rows, unique=unique)
    if column.kind is Kind.CATEGORY and levels is not None and present:
        lengths, counts = levels["value"].str.len_chars(), levels["count"]
        facts["lengths"] = (round(float((lengths * counts).sum()) / present, 1), int(lengths.max()))  # type: ignore[arg-type]
        facts["rare"] = int(counts.filter(counts * TRAIN_SHARE < RARE).sum())
    if sensitive:
        return ColumnProfile(**facts, sensitive=sensitive)
    if levels is not None:
        alike = look_alikes(levels, MIN_NAMED) if column.kind is Kind.CATEGORY else ()
        return ColumnProfile(**facts, top=_top(levels), alike=alike)
    return ColumnProfile(**facts, **_spread(np.zeros(0) if values is None else values))


def numbers(column: TypedColumn) -> NDArray[np.float64]:
    """Return the present values of a number, a boolean or a date (microseconds) as float64."""
    import polars as pl

    present = column.values.drop_nulls()
    if column.kind is Kind.DATETIME:
        present = present.cast(pl.Int64)
    return present.cast(pl.Float64).to_numpy()


def _in_order(column: TypedColumn) -> NDArray[np.float64]:
    """Return `numbers` in ascending order: whole ones of a short range are counted, which is quicker than to sort."""
    if column.kind is Kind.INTEGER and (present := column.values.drop_nulls().to_numpy()).size:
        low, high = int(present.min()), int(present.max())
        if high - low < len(present):
            return np.repeat(np.arange(low, high + 1), np.bincount(present - low)).astype(np.float64)
    return np.sort(numbers(column))


def _levels(column: TypedColumn) -> pl.DataFrame:
    """Return the different values of a category or a boolean (``value``) and how often each is there (``count``)."""
    counted = column.levels
    return column.values.drop_nulls().alias("value").value_counts() if counted is None else counted


def _distinct(values: NDArray[np.float64]) -> int:
    return int(np.count_nonzero(np.diff(values))) + 1 if len(values) else 0


def _top(levels: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    counted = levels.sort("count", descending=True, maintain_order=True).head(TOP)
    rows = [(_shown(value), int(count)) for value, count in counted.iter_rows() if count >= MIN_NAMED]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _spread(values: NDArray[np.float64]) -> dict[str, Any]:
    """Describe values in ascending order."""
    if not len(values):
        return {}
    ends = float(values[0]), float(values[-1])
    largest = max(map(abs, ends))
    unit = largest if largest > HUGE else 1.0
    values = values / unit if unit > 1 else values
    quantiles, edges = _quantiles(values), _edges(values, unit)
    counts = np.diff(np.concatenate(([0], np.searchsorted(values, edges[1:-1]), [len(values)])))
    return {
        "low": ends[0],
        "high": ends[1],
        "mean": float(values.mean()) * unit,
        "deviation": float(values.std()) * unit,
        "quantiles": tuple(float(value) * unit for value in quantiles),
        "edges": tuple(float(edge) * unit for edge in edges),
        "counts": tuple(int(count) for count in counts),
    }


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of values in order, between two of them by their distance."""
    at = np.array(QUANTILES) * (len(values) - 1)
    before = np.floor(at).astype(np.int64)
    after = np.minimum(before + 1, len(values) - 1)
    quantiles: NDArray[np.float64] = values[before] + (values[after] - values[before]) * (at - before)
    return quantiles


def _edges(values: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
    """Return even edges; between whole numbers, so many to a bin, or some bins would hold more of them than others.

    Args:
        values: in ascending order, divided by `unit`.
        unit: 1, or the largest of numbers that are too large for their squares.
    """
    low, high = float(values[0]), float(values[-1])
    if low == high:
        return np.array([low, low + 1.0]) if unit == 1.0 else np.sort([low, 0.0])
    # the tails take one bin each, or a single far value would leave all others in one bar
    first, *_, last = map(float, _quantiles(values))
    if first < last and high - low > 3 * (last - first):
        low, high = first, last
    if unit == 1.0 and high - low < 2**31 and np.array_equal(values, np.floor(values)):
        width = max(1.0, np.ceil((high - low + 1) / BINS))
        return np.arange(low - 0.5, high + width, width)
    return np.linspace(low, high, BINS + 1)
