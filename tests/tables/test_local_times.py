"""Local times mean the same moments as texts of a CSV, as timestamps and dates of a Parquet file, and one by one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.moments import parse_moment
from sevenfold.tables.parse import parse_texts
from sevenfold.tables.parsed import Parsed

OSLO = Column(kind=Kind.DATETIME, time_zone="Europe/Oslo")
# both nights of 2024 in which clocks change, by half an hour
LOCAL = [datetime(2024, 3, 31) + timedelta(minutes=30 * i) for i in range(12)]
LOCAL += [datetime(2024, 10, 27) + timedelta(minutes=30 * i) for i in range(12)]
EXPECTED = pd.DatetimeIndex(LOCAL).tz_localize(ZoneInfo("Europe/Oslo"), ambiguous="NaT", nonexistent="NaT")
RIGHT = [None if moment is pd.NaT else moment.to_pydatetime().timestamp() for moment in EXPECTED]


def seconds(parsed: Parsed) -> list[float | None]:
    return [None if value is None else value.timestamp() for value in parsed.values.to_pylist()]


def codes(parsed: Parsed) -> dict[str, list[int]]:
    return {code: mask.nonzero()[0].tolist() for code, mask in sorted(parsed.faults.items())}


SKIPPED = {"ambiguous_time": [16, 17], "missing_time": [4, 5]}


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"])
def test_texts(form: str) -> None:
    parsed = parse_texts(pl.Series([f"{moment:{form}}" for moment in LOCAL]), OSLO, Notation())
    assert (seconds(parsed), codes(parsed)) == (RIGHT, SKIPPED)


def test_texts_of_a_declared_format() -> None:
    column = OSLO.model_copy(update={"date_format": "%d.%m.%Y %H:%M"})
    parsed = parse_texts(pl.Series([f"{moment:%d.%m.%Y %H:%M}" for moment in LOCAL]), column, Notation())
    assert (seconds(parsed), codes(parsed)) == (RIGHT, SKIPPED)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps(unit: str) -> None:
    parsed = parse_arrow(pa.array(LOCAL, pa.timestamp(unit)), OSLO, Notation(), "t")
    assert (seconds(parsed), codes(parsed)) == (RIGHT, SKIPPED)


def test_timestamps_with_a_zone_are_moments_already() -> None:
    utc = pa.array(LOCAL, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    parsed = parse_arrow(utc, OSLO, Notation(), "t")
    assert (seconds(parsed), codes(parsed)) == ([moment.as_py().timestamp() for moment in utc], {})


def test_dates_begin_at_the_local_midnight() -> None:
    days = [date(2024, 1, 1), None, date(2024, 7, 1)]
    right = [parse_moment("2023-12-31T23:00Z") / 1e6, None, parse_moment("2024-06-30T22:00Z") / 1e6]
    assert seconds(parse_arrow(pa.array(days), OSLO, Notation(), "t")) == right
    texts = pl.Series(["2024-01-01", "", "2024-07-01"])
    assert seconds(parse_texts(texts, OSLO, Notation())) == right


def test_texts_with_an_offset_and_without_may_stand_in_one_column() -> None:
    parsed = parse_texts(pl.Series(["2024-10-27T02:30+01:00", "2024-01-01 12:00"]), OSLO, Notation())
    assert seconds(parsed) == [parse_moment("2024-10-27T01:30Z") / 1e6, parse_moment("2024-01-01T11:00Z") / 1e6]
    assert not parsed.offsets


def test_many_different_texts() -> None:
    local = [datetime(2024, 3, 31) + timedelta(seconds=7 * i) for i in range(3_000)]
    expected = pd.DatetimeIndex(local).tz_localize(ZoneInfo("Europe/Oslo"), ambiguous="NaT", nonexistent="NaT")
    parsed = parse_texts(pl.Series([*map(str, local), "", "NA"]), OSLO, Notation(missing=("NA",)))
    assert seconds(parsed) == [None if moment is pd.NaT else moment.timestamp() for moment in expected] + [None, None]
    assert codes(parsed) == {"missing_time": [i for i, moment in enumerate(local) if moment.hour == 2]}
