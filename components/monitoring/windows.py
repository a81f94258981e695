"""Windows: cut the rows of a table by the calendar, or into equal parts where it has no time column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Window", "calendar_windows", "drawn_windows", "equal_windows", "windows_of"]

SEED = 7
MONDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Window:
    """The name of a window and the indices of its rows in the table, int64."""

    label: str
    rows: NDArray[np.int64]


def windows_of(table: pa.Table, time_column: str, length: str, *, parts: int) -> list[Window]:
    """Cut a table into windows of `length` of its time column, in time order; rows without a time are left out.

    Where the column is missing or holds no datetimes, the rows are cut into `parts` equal parts, in their order.
    """
    import pyarrow as pa

    index = table.schema.get_field_index(time_column) if time_column else -1
    if index < 0 or not pa.types.is_timestamp(table.schema.field(index).type):
        return equal_windows(table.num_rows, parts)
    return calendar_windows(table.column(index).to_numpy().astype("datetime64[us]"), length)


def calendar_windows(moments: NDArray[Any], length: str) -> list[Window]:
    """Cut moments (datetime64, UTC) into calendar windows: ``7d``, ``1w`` (from Monday) or ``1mo``.

    Several months count from January 1970, several days or weeks from the first Monday before it. Windows without
    rows are left out. Labels are like 2013-09 (a month), 2013-09-02 (first day of any other window).
    """
    given = re.fullmatch(r"(\d+)(d|w|mo)", length)
    if given is None or int(given[1]) < 1:
        raise ValueError(f"`length` must be like 1d, 1w or 1mo, but got {length!r}")
    size, unit = int(given[1]), given[2]
    present = np.flatnonzero(~np.isnat(moments))
    if unit == "mo":
        months = moments[present].astype("datetime64[M]").astype(np.int64)
        keys = months // size * size
        starts = [str(np.datetime64(int(key), "M")) for key in np.unique(keys)]
    else:
        days = size * (7 if unit == "w" else 1)
        shift = MONDAY if unit == "w" else 0
        keys = (moments[present].astype("datetime64[D]").astype(np.int64) + shift) // days * days - shift
        starts = [str(np.datetime64(int(key), "D")) for key in np.unique(keys)]
    return [
        Window(start, present[keys == key].astype(np.int64)) for start, key in zip(starts, np.unique(keys), strict=True)
    ]


def equal_windows(rows: int, parts: int) -> list[Window]:
    """Cut `rows` rows into at most `parts` parts of equal size, none of them empty."""
    parts = max(1, min(parts, rows))
    cut: Sequence[NDArray[np.int64]] = np.array_split(np.arange(rows), parts)
    names = [f"part {index + 1}" for index in range(parts)] if parts > 1 else ["all rows"]
    return [Window(name, indices) for name, indices in zip(names, cut, strict=True)]


def drawn_windows(rows: int, parts: int) -> list[Window]:
    """Cut `rows` rows into at most `parts` parts of equal size that are drawn at random, always the same ones."""
    order = np.random.default_rng(SEED).permutation(rows)
    return [Window(window.label, order[window.rows]) for window in equal_windows(rows, parts)]
