from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import InputError
from sevenfold.tables.moments import EARLIEST, LATEST, localize, names_offset, parse_moment, parse_moments

MOMENTS = st.datetimes(min_value=datetime(1678, 1, 2), max_value=datetime(2261, 12, 30))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def microseconds(naive: datetime) -> int:
    return int(np.datetime64(naive, "us").astype(np.int64))


@given(MOMENTS)
def test_naive_text_is_read_as_utc(moment: datetime) -> None:
    assert parse_moment(moment.isoformat()) == microseconds(moment)
    assert parse_moment(moment.isoformat(sep=" ") + "Z") == microseconds(moment)


@given(MOMENTS, OFFSETS)
def test_an_offset_is_taken_off(moment: datetime, offset: timezone) -> None:
    shifted = microseconds(moment) - int(offset.utcoffset(None).total_seconds()) * 1_000_000
    assert parse_moment(moment.replace(tzinfo=offset).isoformat()) == shifted


@given(MOMENTS)
def test_a_format_reads_what_strftime_wrote(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    # strftime does not pad years below 1000 alike everywhere; these all have four digits
    assert parse_moment(whole.strftime("%d.%m.%Y %H:%M:%S"), "%d.%m.%Y %H:%M:%S") == microseconds(whole)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01", 0),
        (" 1970-01-01T00:00 ", 0),
        ("1969-12-31T23:59:59.999999", -1),
        ("1970-01-01T00:00:00.0000019", 1),
        ("19700102", 86_400_000_000),
        ("1970-W01-4", 0),
        ("1678-01-01", EARLIEST),
        ("2261-12-31T23:59:59.999999Z", LATEST),
    ],
)
def test_known_moments(text: str, expected: int) -> None:
    assert parse_moment(text) == expected


@pytest.mark.parametrize("text", ["", " ", "yesterday", "2013-02-30", "1", "2013", "12:30", "2013-01-01T", "2013-1-1"])
@pytest.mark.parametrize("date_format", ["", "%d.%m.%y"])
def test_what_is_no_moment_is_refused(text: str, date_format: str) -> None:
    with pytest.raises(InputError, match="must") as refused:
        parse_moment(text, date_format)
    assert refused.value.code == "not_a_moment"


@pytest.mark.parametrize("text", ["0001-01-01", "1500-06-01", "1677-12-31T23:59:59", "2262-01-01", "9999-12-31"])
def test_other_centuries_are_out_of_range(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_moment(text)
    assert refused.value.code == "date_range"


def test_an_error_repeats_64_characters_at_most() -> None:
    with pytest.raises(InputError) as refused:
        parse_moment("x" * 1_000_000)
    assert len(str(refused.value)) < 250


@given(st.lists(st.one_of(st.none(), st.text(max_size=12), MOMENTS.map(str), st.just("1500-01-01"))))
def test_many_are_read_like_one(texts: list[str | None]) -> None:
    moments, missing, faults = parse_moments(texts)
    assert moments.dtype == np.int64
    assert missing.dtype == np.bool_
    assert all(mask.dtype == np.bool_ and mask.any() for mask in faults.values())
    for index, text in enumerate(texts):
        blank = text is None or not text.strip()
        assert missing[index] == blank
        try:
            expected = 0 if blank else parse_moment(text or "")
        except InputError as refused:
            assert [code for code, mask in faults.items() if mask[index]] == [refused.code]
            assert moments[index] == 0
        else:
            assert not any(mask[index] for mask in faults.values())
            assert moments[index] == expected


def test_no_texts_give_empty_arrays() -> None:
    assert [len(part) for part in parse_moments([])] == [0, 0, 0]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for date_format in ("", "%Y-%m-%d", "%H", "%"):
        try:
            assert EARLIEST <= parse_moment(text, date_format) <= LATEST
        except InputError as refused:
            assert refused.code in ("not_a_moment", "date_range")


@given(MOMENTS, st.none() | OFFSETS)
def test_an_offset_is_seen(moment: datetime, offset: timezone | None) -> None:
    assert names_offset(moment.replace(tzinfo=offset).isoformat()) == (offset is not None)


@pytest.mark.parametrize("text", ["2013-01-01T10:00Z", "2013-01-01 10:00+02", "20130101T1000-0530"])
def test_short_offsets_are_seen(text: str) -> None:
    assert names_offset(text)
    assert parse_moment(text) == microseconds(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None))


@pytest.mark.parametrize("text", ["2013-01-01", "2013-01-01T10:00", "2013-01-01 10:00:01.5", "", "20130101"])
def test_no_offset_is_seen_where_none_is(text: str) -> None:
    assert not names_offset(text)


ZONES = st.sampled_from(
    [
        "Europe/Oslo",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Pacific/Apia",
        "Asia/Tehran",
        "UTC",
    ]
)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 30)), ZONES)
def test_a_local_time_is_what_pandas_takes_it_for(moment: datetime, zone: str) -> None:
    localized = pd.DatetimeIndex([moment]).tz_localize(ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
    moments, ambiguous, skipped = localize(np.array([microseconds(moment)]), zone)
    assert (ambiguous[0] or skipped[0]) == localized.isna()[0]
    if not localized.isna()[0]:
        assert moments[0] == localized.as_unit("us").asi8[0]
        assert parse_moment(moment.isoformat(), time_zone=zone) == moments[0]


@given(st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), max_size=5), ZONES)
def test_many_local_times_are_read_like_one(moments: list[datetime], zone: str) -> None:
    many, ambiguous, skipped = localize(np.array([*map(microseconds, moments)], dtype=np.int64), zone)
    for index, moment in enumerate(moments):
        try:
            assert parse_moment(moment.isoformat(), time_zone=zone) == many[index]
        except InputError as refused:
            assert {"ambiguous_time": ambiguous, "missing_time": skipped}[refused.code][index]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024-03-31T01:59:59.999999", ""),
        ("2024-03-31T02:00", "missing_time"),
        ("2024-03-31T02:59:59.999999", "missing_time"),
        ("2024-03-31T03:00", ""),
        ("2024-10-27T01:59:59.999999", ""),
        ("2024-10-27T02:00", "ambiguous_time"),
        ("2024-10-27T02:59:59.999999", "ambiguous_time"),
        ("2024-10-27T03:00", ""),
        ("2024-10-27T02:30+02:00", ""),  # an offset names the moment
        ("2024-10-27T02:30Z", ""),
    ],
)
def test_the_nights_in_which_clocks_change(text: str, code: str) -> None:
    local = datetime.fromisoformat(text)
    if code:
        with pytest.raises(InputError, match="in Europe/Oslo") as refused:
            parse_moment(text, time_zone="Europe/Oslo")
        assert refused.value.code == code
    else:
        aware = local if local.tzinfo else local.replace(tzinfo=ZoneInfo("Europe/Oslo"))
        utc = aware.astimezone(UTC).replace(tzinfo=None)
        assert parse_moment(text, time_zone="Europe/Oslo") == microseconds(utc)
    _, _, faults = parse_moments([text, None], time_zone="Europe/Oslo")
    assert {name: mask.tolist() for name, mask in faults.items()} == ({code: [True, False]} if code else {})


def test_a_format_of_local_times() -> None:
    form, zone = "%d.%m.%Y %H:%M", "America/New_York"
    assert parse_moment("04.07.2024 12:00", form, zone) == microseconds(datetime(2024, 7, 4, 16))
