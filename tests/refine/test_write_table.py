"""A refined table as Parquet: the type of each column follows from its cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sevenfold.refine.columns import Column
from sevenfold.refine.table import Table
from sevenfold.refine.write_table import write_table

NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "dtype", "expected"),
    [
        ([1, 2, None], pl.Int64(), [1, 2, None]),
        ([1, 95.5, None], pl.Float64(), [1.0, 95.5, None]),
        ([2**53 + 1, 0.5], pl.String(), ["9007199254740993", "0.5"]),
        ([1, "x", None], pl.String(), ["1", "x", None]),
        ([True, 0.5], pl.String(), ["true", "0.5"]),
        (["", None], pl.String(), ["", None]),
        ([NOON.astimezone(timezone(timedelta(hours=2))), None], pl.Datetime("us", "UTC"), [NOON, None]),
    ],
)
def test_a_column_has_the_type_of_its_cells(tmp_path: Path, cells: list[Any], dtype: Any, expected: list[Any]) -> None:
    write_table(Table.of([Column.of("a", cells)], len(cells)), tmp_path / "t.parquet")
    read = pl.read_parquet(tmp_path / "t.parquet")["a"]
    assert (read.dtype, read.to_list()) == (dtype, expected)
