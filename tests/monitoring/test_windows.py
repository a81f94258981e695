"""Windows: every row in exactly one, cut where the calendar cuts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.monitoring.windows import calendar_windows, drawn_windows, equal_windows, windows_of

MOMENTS = st.lists(st.integers(-(10**9), 2 * 10**9), min_size=1, max_size=60)
LENGTHS = st.sampled_from(["1d", "3d", "1w", "2w", "1mo", "3mo"])


def array(seconds):
    return np.array(seconds, dtype="datetime64[s]").astype("datetime64[us]")


@given(MOMENTS, LENGTHS)
def test_every_row_is_in_one_window_and_windows_follow_each_other(seconds, length):
    moments = array(seconds)
    windows = calendar_windows(moments, length)
    assert sorted(np.concatenate([window.rows for window in windows]).tolist()) == list(range(len(seconds)))
    ends = [(moments[window.rows].min(), moments[window.rows].max()) for window in windows]
    assert all(before[1] < after[0] for before, after in pairwise(ends))


@given(MOMENTS)
def test_months_and_weeks_are_those_of_the_calendar(seconds):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for window in calendar_windows(array(seconds), "1mo"):
        assert {(epoch + timedelta(seconds=seconds[i])).strftime("%Y-%m") for i in window.rows} == {window.label}
    for window in calendar_windows(array(seconds), "1w"):
        days = [(epoch + timedelta(seconds=seconds[i])).date() for i in window.rows]
        assert {(day - timedelta(days=day.weekday())).isoformat() for day in days} == {window.label}


def test_rows_without_a_time_are_left_out():
    (window,) = calendar_windows(np.array(["2013-01-01", "NaT"], dtype="datetime64[us]"), "1d")
    assert window.rows.tolist() == [0]


@pytest.mark.parametrize("length", ["0d", "d", "1y", "-1d", ""])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="like 1d"):
        calendar_windows(array([0]), length)


@pytest.mark.parametrize("column", ["", "not there", "number"])
def test_without_a_time_to_cut_by_the_parts_are_equal(column):
    table = pa.table({"number": [1.0] * 10})
    windows = windows_of(table, column, "1mo", parts=3)
    assert [len(window.rows) for window in windows] == [4, 3, 3]


def test_a_table_is_cut_by_its_time_column():
    table = pa.table({"t": pa.array([0, 40 * 86_400 * 10**6], type=pa.timestamp("us", tz="UTC"))})
    assert [window.label for window in windows_of(table, "t", "1mo", parts=3)] == ["1970-01", "1970-02"]


@pytest.mark.parametrize(("rows", "parts", "sizes"), [(2, 3, [1, 1]), (7, 1, [7]), (0, 3, [0])])
def test_there_are_never_more_parts_than_rows(rows, parts, sizes):
    assert [len(window.rows) for window in equal_windows(rows, parts)] == sizes


@given(st.integers(0, 500), st.integers(1, 5))
def test_drawn_windows_hold_every_row_once_and_are_the_same_each_time(rows, parts):
    windows = drawn_windows(rows, parts)
    assert sorted(np.concatenate([window.rows for window in windows]).tolist()) == list(range(rows))
    assert [len(window.rows) for window in windows] == [len(window.rows) for window in equal_windows(rows, parts)]
    for window, again in zip(windows, drawn_windows(rows, parts), strict=True):
        assert (window.rows == again.rows).all()
