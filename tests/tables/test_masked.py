"""Between numpy and Arrow: the same values and gaps, also of slices."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.tables.masked import absent, joined_numbers, masked, plain_values

MOMENTS = pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    "values",
    [[1.5, None, -0.0], [1, 2, 3], [None, 2**53, 0], [True, None, False], [None, None], []],
)
def test_numbers_and_gaps_come_back(values):
    array = pa.array(values, pa.float64() if not any(values) else None)
    missing = np.array([value is None for value in values], dtype=np.bool_)
    plain = np.array([value or 0 for value in values], dtype=array.type.to_pandas_dtype())
    assert masked(plain, missing).equals(array)
    if array.type != pa.bool_():
        read, gaps = plain_values(array)
        assert (gaps is None) == (not missing.any())
        assert masked(read, gaps).equals(array)


def test_a_slice_has_its_own_values_and_gaps():
    part = pa.array([None, 1, None, 3, None, 5] * 3).slice(7, 9)
    plain, gaps = plain_values(part)
    assert [None if gap else value for value, gap in zip(plain.tolist(), gaps, strict=True)] == part.to_pylist()
    assert absent(part.slice(1, 0)) is None


def test_parts_are_joined_as_arrow_joins_them():
    for values, kind in (
        ([1.5, None, 2.5], pa.float64()),
        ([1, 2, 3], pa.int64()),
        ([None, datetime(2020, 1, 1, tzinfo=UTC)], MOMENTS),
    ):
        parts = [pa.array(values, kind), pa.array(values[1:], kind).slice(1), pa.array(values[::-1], kind)]
        whole = pa.concat_arrays(parts)
        assert joined_numbers(iter(parts), len(whole), kind).equals(whole)
