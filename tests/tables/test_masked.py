"""Between numpy and Arrow: the same values and gaps, also of slices."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.tables.masked import absent, as_floats, chosen_numbers, joined_numbers, masked, plain_values

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


@pytest.mark.parametrize(
    "values",
    [
        pa.array([None, 1.5, None, -0.0, 3.0, None] * 3),
        pa.array([1.5, 2.5, 3.5] * 6),
        pa.array([None, 1, 2] * 6),
        pa.array([True, None, False] * 6),
        pa.array([None, 10**15, -5] * 6, MOMENTS),
        pa.array(["a", None, "b"] * 6).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.nulls(18, pa.int32()), pa.array(["a"])),
        pa.nulls(18, pa.float64()),
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [slice(0, 18), slice(5, 17), slice(3, 3)])
def test_numbers_that_are_wanted_and_there_are_chosen(values, part):
    some = values[part]
    plain = some.indices if pa.types.is_dictionary(some.type) else some
    plain = (plain.cast(pa.int64()) if plain.type == MOMENTS else plain).to_pylist()
    wanted = np.arange(len(some)) % 2 == 0
    assert chosen_numbers(some).tolist() == [value for value in plain if value is not None]
    assert chosen_numbers(some, wanted).tolist() == [value for value in plain[::2] if value is not None]


def test_missing_floats_are_no_number():
    values = pa.array([None, 1.5, None, 2.5])
    assert np.array_equal(as_floats(values[1:]), [1.5, np.nan, 2.5], equal_nan=True)
    assert values.to_pylist() == [None, 1.5, None, 2.5]
