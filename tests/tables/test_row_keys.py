"""Rows are known again by what they hold, against comparison of the rows themselves."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.tables.row_keys import row_keys

ROW = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.5, 2.0, -1.0])),
    st.one_of(st.none(), st.sampled_from(["a", "b", ""])),
    st.sampled_from([True, False]),
)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    kinds = {"number": pa.float64(), "text": pa.string(), "flag": pa.bool_()}
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    return pa.table({name: pa.array(values, kind) for (name, kind), values in zip(kinds.items(), columns, strict=True)})


@given(st.lists(ROW, max_size=12), st.lists(ROW, max_size=12))
def test_keys_are_equal_where_rows_are(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> None:
    keys = row_keys([table(left).column, table(right).column], ["number", "text", "flag"])
    both = [*zip(left, keys[0].tolist(), strict=True), *zip(right, keys[1].tolist(), strict=True)]
    for row, key in both:
        for other, same in both:
            assert (row == other) == (key == same)


def test_the_type_that_stores_a_value_does_not_count() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    one = pa.table(
        {
            "n": pa.array([1, 2, None], pa.int64()),
            "t": pa.array(["x", None, "y"]).dictionary_encode(),
            "at": pa.array([moment, None, moment], pa.timestamp("ms", "UTC")),
        }
    )
    other = pa.table(
        {
            "n": pa.array([1.0, 2.0, None], pa.float64()),
            "t": pa.array(["x", None, "y"], pa.large_string()),
            "at": pa.array([moment, None, moment], pa.timestamp("us", "UTC")),
        }
    )
    first, second = row_keys([one.column, other.column], ["n", "t", "at"])
    assert first.tolist() == second.tolist()
    assert len(set(first.tolist())) == 3


def test_columns_that_change_places_change_the_key() -> None:
    rows = pa.table({"a": ["x", "y"], "b": ["y", "x"]})
    (keys,) = row_keys([rows.column], ["a", "b"])
    assert keys[0] != keys[1]
    assert not math.isnan(float(keys[0]))
