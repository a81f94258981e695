"""The table of a time zone's offsets, against the time zone database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.tables.moments import EPOCH, MICROSECOND
from sevenfold.tables.offsets import YEARS_AHEAD, local_times, offset_table, shifted

ZONES = ("Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu")
FIRST, LAST = datetime(1960, 1, 1, tzinfo=UTC), datetime(2005, 12, 31, tzinfo=UTC)
TABLES = {zone: offset_table(zone, *((at - EPOCH) // MICROSECOND for at in (FIRST, LAST))) for zone in ZONES}


@given(st.sampled_from(ZONES), st.datetimes(datetime(1959, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)))
@settings(max_examples=300)
def test_every_moment_has_the_offset_of_the_database(zone: str, moment: datetime) -> None:
    at = np.array([(moment - EPOCH) // MICROSECOND])
    offset = (shifted(at, *TABLES[zone]) - at).item() * MICROSECOND
    assert offset == moment.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize("zone", ZONES)
def test_an_offset_changes_at_its_very_microsecond(zone: str) -> None:
    changes, offsets = TABLES[zone]
    for change, before, after in zip(changes, offsets, offsets[1:], strict=False):
        moments = [EPOCH + (change - 1) * MICROSECOND, EPOCH + change * MICROSECOND]
        known = [moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments]
        assert known == [before * MICROSECOND, after * MICROSECOND]


def test_beyond_its_years_a_table_keeps_the_last_offset() -> None:
    changes, offsets = offset_table("Europe/Oslo", 0, 0)
    years = {(EPOCH + change * MICROSECOND).year for change in changes}
    assert max(years) == 1970 + YEARS_AHEAD
    far = np.array([(datetime(2100, 7, 1, tzinfo=UTC) - EPOCH) // MICROSECOND])
    assert (shifted(far, changes, offsets) - far).item() * MICROSECOND == timedelta(hours=1)


def test_no_zone_is_utc() -> None:
    moments = np.array([0, 5])
    assert local_times(moments, "").tolist() == [0, 5]
    assert offset_table("", 0, 0) == ((), (0,))
    assert offset_table("UTC", 0, 0) == ((), (0,))
