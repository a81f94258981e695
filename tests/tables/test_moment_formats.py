"""Moments written in digits: counts since 1970 and compact dates, as texts, as numbers of Parquet, one by one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError, InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.moment_formats import COMPACT, EPOCHS, names_day, takes_numbers, written_moment
from sevenfold.tables.moments import parse_moment
from sevenfold.tables.parse import parse_texts
from sevenfold.tables.parsed import Parsed

EPOCH = datetime(1970, 1, 1)
MOMENTS = st.datetimes(min_value=datetime(1678, 1, 2), max_value=datetime(2261, 12, 30))
SINCE_1973 = st.datetimes(min_value=datetime(1973, 3, 4), max_value=datetime(2261, 12, 30))
SPREAD = [
    datetime(1999, 12, 31, 22, 57) + timedelta(hours=13 * i, minutes=i) for i in range(1_500)
]  # nearly all differ


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def moments(parsed: Parsed) -> list[datetime | None]:
    return [None if value is None else value.replace(tzinfo=None) for value in parsed.values.to_pylist()]


def column(date_format: str, **more: object) -> Column:
    return Column(kind=Kind.DATETIME, date_format=date_format, **more)


@given(MOMENTS, st.sampled_from(sorted(COMPACT)))
def test_compact_dates_read_what_strftime_wrote(moment: datetime, form: str) -> None:
    text = moment.strftime(form)
    expected = microseconds(pd.to_datetime(text, format=form).to_pydatetime())
    assert parse_moment(text, form) == parse_moment(f"{text}.0", form) == expected


@given(MOMENTS)
def test_seconds_are_those_of_pandas(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    seconds = microseconds(whole) // 1_000_000
    assert parse_moment(str(seconds), "%s") == microseconds(pd.to_datetime(seconds, unit="s").to_pydatetime())


@given(SINCE_1973)
def test_a_part_of_a_second_is_read_to_the_microsecond(moment: datetime) -> None:
    whole, part = divmod(microseconds(moment), 1_000_000)
    assert parse_moment(f"{whole}.{part:06}", "%s") == parse_moment(f"{whole}{part:06}", "%s%f") == microseconds(moment)
    milliseconds = microseconds(moment) // 1_000
    assert parse_moment(str(milliseconds), "%s%f") == microseconds(
        pd.to_datetime(milliseconds, unit="ms").to_pydatetime()
    )


def test_a_negative_count_lies_before_1970() -> None:
    assert parse_moment("-1.5", "%s") == -1_500_000
    assert parse_moment("-1500", "%s%f") == -1_500_000


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2021111", "%Y%m%d"),  # strptime takes it for the first of November
        ("202111", "%Y%m%d"),
        ("20211301", "%Y%m%d"),
        ("20210230", "%Y%m%d"),
        ("20210301.5", "%Y%m%d"),
        ("2021-03-01", "%Y%m%d"),
        ("20210301 ", "%Y%m%d%H%M"),
        ("202103012400", "%Y%m%d%H%M"),
        ("130", "%H%M"),  # strptime takes it for 13:00
        ("2021111T0930", "%Y%m%dT%H%M"),
        ("2021-13", "%Y-%m"),
        ("2021-00", "%Y-%m"),
        ("24:00", "%H:%M"),
        ("09:60", "%H:%M"),
        ("1_614", "%s"),
        ("١٦١٤", "%s"),
        ("1.6e9", "%s"),
        ("2021-03-01", "%s"),
        ("", "%s"),
    ],
)
def test_what_is_nearly_a_moment_is_refused(text: str, form: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_moment(text, form)
    assert refused.value.code == "not_a_moment"


@pytest.mark.parametrize(("text", "form"), [("1614592800123", "%s"), ("99991231", "%Y%m%d"), ("9" * 18, "%s%f")])
def test_a_count_of_another_unit_is_out_of_range(text: str, form: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_moment(text, form)
    assert refused.value.code == "date_range"


def test_white_space_between_numbers_that_touch_is_what_strptime_takes() -> None:
    assert parse_moment("20210301  09:30", "%Y%m%d %H:%M") == microseconds(datetime(2021, 3, 1, 9, 30))


def written(form: str) -> list[str]:
    if form == "%s":
        return [str(microseconds(moment) // 1_000_000) for moment in SPREAD]
    if form == "%s%f":
        return [str(microseconds(moment) // 1_000) for moment in SPREAD]
    return [moment.strftime(form) for moment in SPREAD]


@pytest.mark.parametrize("form", ["%s", "%s%f", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y%m%d"])
@pytest.mark.parametrize("odd", [None, "20211301", "x", "-5", " 12 ", "12.0", "12.5", "12.", "1614592800.1234567"])
@pytest.mark.parametrize("ending", ["", ".0", ".25"])
def test_a_column_is_read_as_its_texts_are(form: str, odd: str | None, ending: str) -> None:
    texts: list[str | None] = [*(f"{text}{ending}" for text in written(form)), None, "", "?"]
    if odd is not None:
        texts[7] = odd
    notation = Notation(missing=("", "?"))
    parsed = parse_texts(pl.Series(texts, dtype=pl.String), column(form), notation)
    expected: list[int | None] = []
    for text in texts:
        try:
            expected.append(None if text in (None, "", "?") else parse_moment(str(text), form))
        except InputError:
            expected.append(None)
    got = [None if moment is None else microseconds(moment) for moment in moments(parsed)]
    assert got == expected
    faults = sum(int(mask.sum()) for mask in parsed.faults.values())
    assert faults == expected[:-3].count(None)
    assert parsed.offsets == frozenset()


@pytest.mark.parametrize("form", ["%s", "%s%f", "%Y%m%d%H%M", "%Y%m%d"])
@pytest.mark.parametrize("kind", ["int64", "uint64", "float64", "decimal"])
def test_numbers_of_a_parquet_file_are_the_moments_of_a_csv(form: str, kind: str) -> None:
    texts = written(form)
    numbers = pa.array([*map(int, texts), None, -999])
    if kind == "uint64":
        numbers = pa.array([*map(int, texts), None, 999], type=pa.uint64())
    elif kind == "float64":
        numbers = pa.array([*map(float, texts), float("nan"), -999.0])
    elif kind == "decimal":
        numbers = numbers.cast(pa.decimal128(20, 0))
    notation = Notation(missing=("", "-999", "999"))
    parsed = parse_arrow(numbers, column(form), notation, "x")
    expected = moments(parse_texts(pl.Series(texts), column(form), notation))
    assert moments(parsed) == [*expected, None, None]
    assert not parsed.faults


def test_a_count_since_1970_is_no_local_time() -> None:
    oslo = column("%s", time_zone="Europe/Oslo")
    numbers = [microseconds(moment) // 1_000_000 for moment in SPREAD]
    for parsed in (
        parse_arrow(pa.array(numbers), oslo, Notation(), "x"),
        parse_texts(pl.Series(map(str, numbers)), oslo, Notation()),
    ):
        assert moments(parsed) == [moment.replace(second=0) for moment in SPREAD]
    assert parse_moment("0", "%s", "Europe/Oslo") == 0


def test_compact_local_times_are_those_of_their_zone() -> None:
    oslo = column("%Y%m%d%H%M", time_zone="Europe/Oslo")
    texts = pl.Series(written("%Y%m%d%H%M"))
    expected = pd.DatetimeIndex(SPREAD).tz_localize("Europe/Oslo", ambiguous="NaT", nonexistent="NaT")
    right = [None if at is pd.NaT else at.astimezone(UTC).replace(tzinfo=None) for at in expected.to_pydatetime()]
    assert moments(parse_texts(texts, oslo, Notation())) == right
    assert moments(parse_arrow(texts.cast(pl.Int64).to_arrow(), oslo, Notation(), "x")) == right


def test_numbers_are_moments_of_no_other_format() -> None:
    for form in ("", "%Y-%m-%d"):
        assert not takes_numbers(form)
        with pytest.raises(DataError, match="int64"):
            parse_arrow(pa.array(np.arange(3)), column(form), Notation(), "x")


def test_which_formats_say_a_day() -> None:
    assert [names_day(form) for form in ("", "%s", "%Y%m%d", "%Y-%m", "%d %b")] == [True] * 5
    assert [names_day(form) for form in ("%H:%M", "%I:%M %p", "%H:%M:%S.%f")] == [False] * 3


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_what_is_written_is_read_again_wherever_the_machine_stands(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for form in (*EPOCHS, *COMPACT, "%Y-%m-%dT%H:%M:%SZ"):
            for moment in (datetime(2024, 1, 15), datetime(1983, 7, 1)):
                text = written_moment(moment.replace(tzinfo=UTC), form)
                assert parse_moment(text, form, "") == microseconds(moment)
    finally:
        monkeypatch.undo()
        time.tzset()
