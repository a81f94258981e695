"""Whether a column orders the rows in time, so that the oldest may train and the newest test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.design.profile import Profile
from sevenfold.design.target import TargetFacts
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable
from sevenfold.plan.preparation import SplitBy, SplitSection
from sevenfold.tables.moment_formats import names_day
from sevenfold.tables.split import check_split, split_by_time

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TimeSplit", "in_order", "time_split", "unordered_dates"]

TEST_SHARE: Final = 0.2
LEAST: Final = (0.4, 0.08, 0.08)  # of the rows, on each side
MIN_MOMENTS: Final = 20
MAX_TIMELESS: Final = 0.005  # share of rows without a moment that a time column may have
ORDERED: Final = 0.95  # of the steps from a row to the next one: a table of several stations begins anew some times
STEPS: Final = 200
YEARS: Final = (1950, 2100)
DAY: Final = 86_400
_BEGINS: Final = re.compile(
    r"(?i)date|time|day|created|start|order|pickup|depart|event|scheduled|when|week|month|year",
)
_ENDS: Final = re.compile(
    r"(?i)end|return|close|drop_?off|deliver|arriv|updat|modif|expir|finish|complet|paid|due|birth|born"
)


@dataclass(frozen=True)
class TimeSplit:
    """The column by which rows are split in time."""

    column: str
    train: NDArray[np.bool_]  # the rows that will be trained on


def time_split(table: TypedTable, profile: Profile, target: TargetFacts) -> TimeSplit | None:
    """Return the column that orders the rows in time, if a split by it leaves every side its rows and classes."""
    for name in _candidates(table, profile, target):
        column = table.columns[name]
        if in_order(column.values, target.labelled) >= ORDERED and (train := _train(column, target)) is not None:
            return TimeSplit(name, train)
    return None


def unordered_dates(table: TypedTable, profile: Profile, target: TargetFacts) -> list[str]:
    """Return the columns that the rows could be split by in time, if they ordered them."""
    return [name for name in _candidates(table, profile, target) if _train(table.columns[name], target) is not None]


def in_order(values: pl.Series, rows: NDArray[np.bool_]) -> float:
    """Return the share of steps that go the way most do; steps without a move aside.

    Steps lead from one of the rows to the next, or over a two-hundredth of the rows: a table of several stations, one
    after the other, is in order on the small scale, and one that is sorted by the hour of arrival, by departure on the
    large one. 0.5 is what chance gives; 0.0 stands for a column that never moves.
    """
    import polars as pl

    known = values.filter(pl.Series(rows)).drop_nulls().cast(pl.Int64).to_numpy()
    return max(_one_way(known[far:] - known[:-far]) for far in {1, max(1, len(known) // STEPS)})


def _one_way(steps: NDArray[np.int64]) -> float:
    forward, backward = int(np.count_nonzero(steps > 0)), int(np.count_nonzero(steps < 0))
    return max(forward, backward) / (forward + backward) if forward + backward else 0.0


def _candidates(table: TypedTable, profile: Profile, target: TargetFacts) -> list[str]:
    """Return the columns of moments that nearly every row has, those of a beginning first."""
    suited = []
    for name, column in table.columns.items():
        facts = profile.columns[name]
        if name == target.name or facts.sensitive or not _is_time(column):
            continue
        if facts.distinct >= MIN_MOMENTS and facts.present >= (1 - MAX_TIMELESS) * facts.rows:
            suited.append(name)
    dates = [name for name in suited if table.columns[name].kind is Kind.DATETIME]
    return sorted(dates or suited, key=lambda name: (_time_rank(name), _median(table.columns[name])))


def _is_time(column: TypedColumn) -> bool:
    """Whether a column holds moments: dates, or whole numbers called so: days as 20130131, or seconds since 1970."""
    if column.kind is Kind.DATETIME:
        return names_day(column.guess.date_format)
    if column.kind is not Kind.INTEGER or column.guess.question or not _BEGINS.search(column.name):
        return False
    values = column.values.drop_nulls().to_numpy()
    if not len(values):
        return False
    year, month, day = values // 10_000, values // 100 % 100, values % 100
    written = (year >= YEARS[0]) & (year < YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if written.all():
        return True
    since = [(moment - 1970) * 365 * DAY for moment in (1990, YEARS[1])]
    return any(((values >= since[0] * unit) & (values < since[1] * unit)).all() for unit in (1, 1_000, 1_000_000))


def _train(column: TypedColumn, target: TargetFacts) -> NDArray[np.bool_] | None:
    """Return the rows older than the validation rows, or None where a side would lack rows or a class."""
    import polars as pl

    rows = np.flatnonzero(target.labelled & column.values.is_not_null().to_numpy())
    section = SplitSection(by=SplitBy.TIME, column=column.name, validation=TEST_SHARE, test=TEST_SHARE)
    times = column.values.cast(pl.Int64).gather(rows).to_numpy()
    names = tuple(label for label, _ in target.classes)
    try:
        sides = split_by_time(times, section, Column(kind=column.kind))
        check_split(sides, target.codes[rows], names, section, hidden=False)
    except DataError:
        return None
    if (np.bincount(sides, minlength=3)[:3] < np.array(LEAST) * len(rows)).any():
        return None
    train = np.zeros(len(column.values), dtype=np.bool_)
    train[rows[sides == 0]] = True
    return train


def _time_rank(name: str) -> int:
    return (1 if _ENDS.search(name) else 0) - (1 if _BEGINS.search(name) else 0)


def _median(column: TypedColumn) -> float:
    import polars as pl

    return float(column.values.cast(pl.Int64).median() or 0.0)  # type: ignore[arg-type]
