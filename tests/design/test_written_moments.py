"""Columns of numbers and texts that are moments: proposed, asked about or left alone, alike from CSV and Parquet."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from sevenfold.contracts.schema import Kind
from sevenfold.design.propose import propose_plan
from sevenfold.design.time_words import says_time
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import read_typed
from sevenfold.preparation.prepare import prepare

ROWS = 400
AT = [datetime(2021, 3, 1, 9, 30) + timedelta(hours=17 * i) for i in range(ROWS)]
DAYS = [int(f"{at:%Y%m%d}") for at in AT]
SECONDS = [int((at - datetime(1970, 1, 1)).total_seconds()) for at in AT]


@pytest.fixture(params=["csv", "parquet"])
def read(request, tmp_path):
    """Write a column and read it as `init` does."""

    def reading(name: str, values: list[object], **more: object) -> TypedColumn:
        path = tmp_path / f"t.{request.param}"
        frame = pl.DataFrame({name: values, "other": [0.5] * len(values)})
        frame.write_csv(path) if request.param == "csv" else frame.write_parquet(path)
        return read_typed(path, **more).columns[name]

    return reading


@pytest.mark.parametrize(
    ("name", "values", "form", "expected"),
    [
        ("date", DAYS, "%Y%m%d", [at.replace(hour=0, minute=0) for at in AT]),
        ("n", DAYS, "%Y%m%d", [at.replace(hour=0, minute=0) for at in AT]),  # the spread of the days says it
        ("visitDate", [float(day) for day in DAYS], "%Y%m%d", [at.replace(hour=0, minute=0) for at in AT]),
        ("minute_at", [int(f"{at:%Y%m%d%H%M}") for at in AT], "%Y%m%d%H%M", AT),
        ("timestamp", SECONDS, "%s", AT),
        ("unixReviewTime", SECONDS, "%s", AT),
        ("ts", [second + 0.25 for second in SECONDS], "%s", [at + timedelta(seconds=0.25) for at in AT]),
        ("created_at", [second * 1_000 + 7 for second in SECONDS], "%s%f", [at + timedelta(0, 0, 7_000) for at in AT]),
        ("event_ts", [second * 1_000_000 + 7 for second in SECONDS], "%s%f", [at + timedelta(0, 0, 7) for at in AT]),
        ("month", [f"{at:%Y-%m}" for at in AT], "%Y-%m", [at.replace(day=1, hour=0, minute=0) for at in AT]),
        ("n", [f"{at:%Y%m%dT%H%M}" for at in AT], "", AT),
        ("start_time", [f"{at:%H:%M}" for at in AT], "%H:%M", [at.replace(1900, 1, 1) for at in AT]),
        ("arrival", [f"{at:%I:%M %p}" for at in AT], "%I:%M %p", [at.replace(1900, 1, 1) for at in AT]),
    ],
)
def test_moments_are_proposed(read, name, values, form, expected):
    got = read(name, [None, *values])
    assert (got.kind, got.guess.date_format, got.bad, got.missing) == (Kind.DATETIME, form, 0, 1)
    assert got.values.to_list()[1:] == expected


@pytest.mark.parametrize(
    ("name", "values", "form"),
    [
        ("order_id", DAYS, "%Y%m%d"),  # named as an identifier
        (
            "n",
            [int(f"{2021 + i // 144}{i // 12 % 12 + 1:02}{i % 12 + 1:02}") for i in range(ROWS)],
            "%Y%m%d",
        ),  # counted
        ("n", DAYS[:50], "%Y%m%d"),  # few, and no name that says it
        ("date", DAYS[:10], "%Y%m%d"),
        ("date", [*DAYS, 20211301], "%Y%m%d"),
        ("date", [*DAYS, 0], "%Y%m%d"),
        ("timestamp", [*SECONDS, 0], "%s"),
        ("created_at", [second * 1_000 for second in SECONDS[:9]], "%s%f"),
    ],
)
def test_numbers_that_may_be_moments_are_asked_about(read, name, values, form):
    got = read(name, values)
    assert got.kind is Kind.INTEGER
    assert f'date_format: "{form}"' in got.guess.question


@pytest.mark.parametrize("name", ["lap_time", "x"])
def test_texts_that_may_be_lengths_of_time_are_asked_about(read, name):
    got = read(name, [f"{at:%H:%M}" for at in AT])
    assert got.kind is Kind.CATEGORY
    assert 'date_format: "%H:%M"' in got.guess.question


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("timestamp", [second % 86_400 for second in SECONDS], Kind.INTEGER),
        ("n", SECONDS, Kind.INTEGER),  # no name says it
        ("time_id", SECONDS, Kind.INTEGER),
        ("candidate", SECONDS, Kind.INTEGER),
        ("date", [20219900 + i for i in range(ROWS)], Kind.INTEGER),
        ("date", [*DAYS, *[day + 8_000 for day in DAYS[:20]]], Kind.INTEGER),  # one of twenty is none
        ("n", [10_000_000 + 7 * i for i in range(ROWS)], Kind.INTEGER),
        ("slot", ["09:00", "10:30"] * 50, Kind.CATEGORY),
        ("score", [f"{i % 9}:{i % 7}" for i in range(ROWS)], Kind.CATEGORY),
        ("start_time", [*(f"{at:%H:%M}" for at in AT), *(["24:30"] * 40)], Kind.CATEGORY),
        ("season", [f"{year}-{(year + 1) % 100:02}" for year in range(2001, 2012)] * 9, Kind.CATEGORY),
        ("month", [*(f"{at:%Y-%m}" for at in AT), *(["2021-13", "May"] * 40)], Kind.CATEGORY),
    ],
)
def test_what_is_no_moment_is_left_alone(read, name, values, kind):
    got = read(name, values)
    assert got.kind is kind
    assert "kind: datetime" not in got.guess.question


def test_one_odd_time_of_day_is_named(read):
    got = read("start_time", [*(f"{at:%H:%M}" for at in AT), "24:00"])
    assert (got.kind, got.faults["text"].to_list()) == (Kind.DATETIME, ["24:00"])


def test_the_target_stays_a_number(read):
    assert read("timestamp", SECONDS, target="timestamp").kind is Kind.INTEGER


@pytest.mark.parametrize(
    ("name", "yes"),
    [("createdAt", True), ("TIME", True), ("installtime", True), ("last_update", True), ("mandate", False)],
)
def test_names_that_say_time(name, yes):
    assert says_time(name) is yes


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_proposed_plan_is_prepared(tmp_path, suffix):
    table = tmp_path / f"t.{suffix}"
    frame = pl.DataFrame(
        {
            "ts": [SECONDS[7 * i % ROWS] for i in range(ROWS)],
            "day": [float(DAYS[9 * i % ROWS]) if i % 10 else None for i in range(ROWS)],
            "month": [f"{AT[11 * i % ROWS]:%Y-%m}" for i in range(ROWS)],
            "start_time": [f"{AT[13 * i % ROWS]:%H:%M}" for i in range(ROWS)],
            "x": [(i * 37 % 101) / 10 for i in range(ROWS)],
            "y": ["yes" if i * 53 % 97 > 48 else "no" for i in range(ROWS)],
        }
    )
    frame.write_csv(table) if suffix == "csv" else frame.write_parquet(table)
    plan = propose_plan(table, "y").plan
    parts = {name: [part.value for part in column.parts] for name, column in plan.data.columns.items()}
    assert parts["start_time"] == ["time_of_day"]  # a time of day has no day, and no trend
    assert "weekday" in parts["day"] and "weekday" not in parts["month"]  # the first of a month stands for all of it
    prepare(table, plan.data, plan.preparation, tmp_path / "dataset")
    sides = pl.concat(pl.read_parquet(tmp_path / "dataset" / f"{side}.parquet") for side in SIDES)
    assert sides.height == ROWS
    assert set(sides["ts"].dt.replace_time_zone(None)) == set(AT)
    assert set(sides["day"].drop_nulls().dt.date()) <= {at.date() for at in AT}
    assert sides["day"].null_count() == ROWS // 10
    assert set(sides["start_time"].dt.strftime("%H:%M")) == {f"{at:%H:%M}" for at in AT}


SIDES = ("train", "validation", "test")
