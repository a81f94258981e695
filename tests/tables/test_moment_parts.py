"""Parts of moments: computed as Python's calendar has them, and chosen by what varies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.schema import Part
from sevenfold.tables.moment_parts import part_steps, varying_parts
from sevenfold.tables.moments import EPOCH, MICROSECOND

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@given(st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31), timezones=st.just(UTC)))
def test_steps_are_those_of_the_calendar(moment: datetime) -> None:
    at = np.array([(moment - EPOCH) // MICROSECOND])
    assert part_steps(at, Part.TIME_OF_DAY).item() == moment.hour * 60 + moment.minute
    assert part_steps(at, Part.WEEKDAY).item() == moment.weekday()
    apart = abs(part_steps(at, Part.DAY_OF_YEAR).item() - (moment.timetuple().tm_yday - 1))
    assert min(apart, 366 - apart) <= 2


@pytest.mark.parametrize(
    ("moments", "parts"),
    [
        ([START + at * HOUR for at in range(1000)], [Part.TIME_OF_DAY, Part.WEEKDAY]),
        ([START + at * HOUR for at in range(48)], [Part.TIME_OF_DAY]),  # two days: no week was seen
        ([START + at * DAY for at in range(14)], [Part.WEEKDAY]),  # days have no hour, two weeks no year
        ([START + at * DAY + 12 * HOUR for at in range(14)], [Part.WEEKDAY]),  # always noon
        ([START + at * DAY for at in range(3)], [Part.WEEKDAY]),
        ([START + at * DAY for at in range(400)], [Part.WEEKDAY, Part.DAY_OF_YEAR]),
        ([], []),
    ],
)
def test_only_what_varies_is_chosen(moments: list[datetime], parts: list[Part]) -> None:
    local = np.array([(moment - EPOCH) // MICROSECOND for moment in moments], dtype=np.int64)
    assert list(varying_parts(local)) == parts
