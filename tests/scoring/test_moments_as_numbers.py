"""Moments of a request: a number where the table writes digits, with the same meaning as the text of its digits."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.scoring.feeds import feeds_from_rows

NOTATION = Notation(missing=("", "-1"))
DIGITS = {"seconds": "%s", "milliseconds": "%s%f", "day": "%Y%m%d", "minute": "%Y%m%d%H%M"}
INPUTS = {name: Column(kind=Kind.DATETIME, date_format=form) for name, form in DIGITS.items()}
MINUTES = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2099, 1, 1)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


@given(MINUTES)
def test_a_number_means_what_its_digits_mean(moment: datetime) -> None:
    seconds = int(pd.Timestamp(moment).timestamp())
    row = {
        "seconds": seconds,
        "milliseconds": seconds * 1_000,
        "day": int(f"{moment:%Y%m%d}"),
        "minute": int(f"{moment:%Y%m%d%H%M}"),
    }
    at, midnight = seconds * 1_000_000, int(pd.Timestamp(moment).normalize().timestamp()) * 1_000_000
    for rows in (
        [row],
        [{name: str(value) for name, value in row.items()}],
        [{name: float(value) for name, value in row.items()}],
    ):
        feeds = feeds_from_rows(rows, INPUTS, NOTATION)
        assert [feeds[name].tolist() for name in DIGITS] == [[at], [at], [midnight], [at]]


def test_a_missing_number_is_a_missing_moment() -> None:
    rows = [{"day": value} for value in (None, -1, -1.0, "-1", float("nan"))]
    assert feeds_from_rows(rows, {"day": INPUTS["day"]}, NOTATION)["day:missing"].tolist() == [True] * 5


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("day", 20211301, "not_a_moment"),
        ("day", 2021111, "not_a_moment"),
        ("day", 20210301.5, "not_a_moment"),
        ("day", True, "wrong_type"),
        ("seconds", 1_614_592_800_123, "date_range"),
        ("seconds", float("inf"), "not_a_moment"),
    ],
)
def test_a_number_that_is_no_moment_is_refused(name: str, value: object, code: str) -> None:
    with pytest.raises(InputError) as refused:
        feeds_from_rows([{name: value}], {name: INPUTS[name]}, NOTATION)
    assert (refused.value.code, refused.value.field) == (code, name)


def test_a_number_is_no_moment_where_the_table_writes_signs() -> None:
    for form in ("", "%Y-%m-%d", "%H:%M"):
        with pytest.raises(InputError) as refused:
            feeds_from_rows([{"d": 20210301}], {"d": Column(kind=Kind.DATETIME, date_format=form)}, NOTATION)
        assert refused.value.code == "wrong_type"
