import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform
from sevenfold.tables.offsets import offset_table
from sevenfold.training.encode import encode, encode_target

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1678, 1, 1), max_value=datetime(2261, 12, 31), timezones=st.just(UTC))


def encoded(feature: object, **feeds: np.ndarray) -> np.ndarray:
    return encode(Transform(features=(feature,), target=Target()), feeds).numeric


def objects(*texts: str) -> np.ndarray:
    return np.array(texts, dtype=object)


def test_a_number_is_filled_standardised_and_cut() -> None:
    feature = NumberFeature(name="x", fill=7.0, center=5.0, scale=2.0, indicator=True)
    inputs = encoded(feature, x=np.array([9.0, np.nan, 1e300, -np.inf, 5.0]))
    assert inputs.dtype == np.float32
    assert inputs.tolist() == [[2.0, 0.0], [1.0, 1.0], [10.0, 0.0], [-10.0, 0.0], [0.0, 0.0]]


def test_an_unscaled_number_keeps_its_size() -> None:
    inputs = encoded(NumberFeature(name="x", clip=None), x=np.array([2013.0, 1e300]))
    assert inputs[0, 0] == 2013.0
    assert np.isfinite(inputs).all()


def test_a_category_has_codes_for_missing_and_unknown() -> None:
    transform = Transform(features=(CategoryFeature(name="c", levels=("b", "a")),), target=Target())
    inputs = encode(transform, {"c": objects("a", "b", "", "z", "A")})
    assert inputs.categorical.tolist() == [[3], [2], [0], [1], [1]]
    assert inputs.categorical.dtype == np.int64
    assert inputs.numeric.shape == (5, 0)


def test_a_onehot_category_has_one_input_per_code() -> None:
    inputs = encoded(CategoryFeature(name="c", encoding="onehot", levels=("b",)), c=objects("b", "", "z"))
    assert inputs.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


@given(MOMENTS)
def test_the_cycles_of_a_datetime_agree_with_the_calendar(moment: datetime) -> None:
    feature = DatetimeFeature(name="d", parts=(Part.TIME_OF_DAY, Part.WEEKDAY, Part.DAY_OF_YEAR))
    at = np.array([(moment - EPOCH) // timedelta(microseconds=1)])
    inputs = encoded(feature, d=at, **{"d:missing": np.array([False])})[0]
    minute, weekday = (moment.hour * 60 + moment.minute) / 1_440, moment.weekday() / 7
    for start, turn in ((0, minute), (3, weekday)):
        sine, cosine = math.sin(math.tau * turn), math.cos(math.tau * turn)
        assert inputs[start : start + 3] == pytest.approx([sine, cosine, 2 * turn - 1], abs=1e-6)
    day = moment.timetuple().tm_yday - 1
    apart = abs((inputs[8] + 1) / 2 * 366 - day)
    assert min(apart, 366 - apart) <= 2.0


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_the_parts_are_those_of_local_time(zone: str) -> None:
    # leap days, year ends, before 1970, and each side of the changes of clocks in 2024
    texts = ["2024-02-29T23:59:59", "2023-12-31T23:59:59", "2024-01-01T00:00:00", "1969-07-20T20:17:40"]
    texts += ["2024-03-31T00:59:59", "2024-03-31T01:00:00", "2024-10-27T00:59:59", "2024-10-27T01:00:00"]
    texts += ["2024-03-10T06:59:59", "2024-03-10T07:00:00", "2024-11-03T05:59:59", "2024-11-03T06:00:00"]
    texts += ["2024-04-06T14:59:59", "2024-04-06T15:00:00", "2024-10-05T15:29:59", "2024-10-05T15:30:00"]
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    micros = np.array([(moment - EPOCH) // timedelta(microseconds=1) for moment in moments])
    changes, offsets = offset_table(zone, int(micros.min()), int(micros.max()))
    parts = (Part.TIME_OF_DAY, Part.WEEKDAY)
    feature = DatetimeFeature(name="d", parts=parts, changes=changes, offsets=offsets)
    inputs = encoded(feature, d=micros, **{"d:missing": np.zeros(len(micros), dtype=np.bool_)})
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    assert np.round((inputs[:, 2] + 1) * 720).tolist() == [at.hour * 60 + at.minute for at in local]
    assert np.round((inputs[:, 5] + 1) * 3.5).tolist() == [at.weekday() for at in local]


def test_days_before_1970_are_floored() -> None:
    # 1969-12-31 23:59 was a Wednesday, day 3 - 1 of the week
    feature = DatetimeFeature(name="d", parts=(Part.WEEKDAY,))
    inputs = encoded(feature, d=np.array([-60_000_000]), **{"d:missing": np.array([False])})
    assert inputs[0, 2] == pytest.approx(2 * 2 / 7 - 1)


def test_a_missing_date_is_neutral_and_flagged() -> None:
    feature = DatetimeFeature(name="d", parts=tuple(Part), center=10.0, scale=2.0, indicator=True)
    inputs = encoded(feature, d=np.array([0, 12 * 86_400_000_000]), **{"d:missing": np.array([True, False])})
    assert inputs[0].tolist() == [0.0] * 10 + [1.0]
    assert inputs[1, 0] == 1.0
    assert inputs[1, -1] == 0.0


def test_classes_become_their_index() -> None:
    transform = Transform(features=(), target=Target(classes=("no", "yes")))
    assert encode_target(transform, pa.chunked_array([["yes", "no"], ["yes"]])).tolist() == [1, 0, 1]


def test_values_are_standardised() -> None:
    transform = Transform(features=(), target=Target(mean=10.0, scale=4.0))
    values = encode_target(transform, pa.chunked_array([[12, 6]]))
    assert values.dtype == np.float32
    assert values.tolist() == [0.5, -1.0]


@pytest.mark.parametrize(("value", "code"), [("maybe", "unknown_class"), (None, "label_missing")])
def test_a_target_that_was_not_trained_on_is_refused(value: str | None, code: str) -> None:
    transform = Transform(features=(), target=Target(classes=("no", "yes")))
    with pytest.raises(DataError) as refused:
        encode_target(transform, pa.chunked_array([pa.array(["no", value])]))
    assert refused.value.code == code
