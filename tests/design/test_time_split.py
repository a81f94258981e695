"""A split by time is proposed where a column orders the rows, and nowhere else; dates of birth are no time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.contracts.schema import Role
from sevenfold.design import time_split as module
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan
from sevenfold.design.time_split import in_order
from sevenfold.plan.preparation import SplitBy

ROWS = 600
NUMBERS = np.arange(ROWS)


def proposed(folder: Path, dates: list, name: str = "day", **columns):
    random = np.random.default_rng(1)
    table = {name: dates, "x": random.normal(size=ROWS).round(3), **columns, "y": random.integers(0, 2, ROWS)}
    pl.DataFrame(table).write_csv(folder / "t.csv")
    return propose_plan(folder / "t.csv", "y").plan


HOURS = [datetime(2011, 1, 1) + timedelta(hours=int(i)) for i in NUMBERS]
DAYS = [f"2014-{1 + i // 60:02d}-{1 + i % 60 // 3:02d}" for i in NUMBERS.tolist()]
STATIONS = [f"2014-{1 + i % 200 // 20:02d}-{1 + i % 20:02d}" for i in NUMBERS.tolist()]  # three, one after the other
LATE = [*DAYS[:100], DAYS[300], *DAYS[101:]]
JITTER = [HOURS[i + (3, 0, -2, 1, -2)[i % 5]] for i in range(0, ROWS)]  # by departure, and this is the arrival
WRITTEN = [int(day.replace("-", "")) for day in DAYS]
SECONDS = [1_400_000_000 + 3_600 * i for i in NUMBERS.tolist()]


@pytest.mark.parametrize(
    ("dates", "name"),
    [
        (HOURS, "dteday"),
        (DAYS, "date"),
        (DAYS[::-1], "date"),
        (STATIONS, "day"),
        (LATE, "day"),
        (JITTER, "arrived"),
        (WRITTEN, "date"),
        (SECONDS, "timestamp"),
    ],
    ids=["hours", "days", "newest first", "stations", "one late", "nearly", "whole numbers", "seconds"],
)
def test_a_column_that_orders_the_rows_is_the_split(tmp_path, dates, name):
    plan = proposed(tmp_path, dates, name)
    assert (plan.preparation.split.by, plan.preparation.split.column) == (SplitBy.TIME, name)
    assert plan.data.columns[name].role is Role.TIME


@pytest.mark.parametrize("dates", [HOURS, DAYS, WRITTEN])
def test_a_date_that_does_not_order_the_rows_is_not_the_split(tmp_path, dates):
    shuffled = [dates[i] for i in np.random.default_rng(2).permutation(ROWS)]
    assert proposed(tmp_path, shuffled).preparation.split.by is SplitBy.STRATIFIED


def test_a_split_is_fitted_once_to_each_date_that_does_not_order_the_rows(tmp_path, monkeypatch):
    fitted = []
    train = module._train
    monkeypatch.setattr(module, "_train", lambda column, target: fitted.append(column.name) or train(column, target))
    shuffled = [DAYS[i] for i in np.random.default_rng(2).permutation(ROWS)]
    pl.DataFrame({"day": shuffled, "x": np.random.default_rng(3).normal(size=ROWS), "y": NUMBERS % 2}).write_csv(
        tmp_path / "t.csv"
    )
    findings = propose_plan(tmp_path / "t.csv", "y").findings
    assert findings.unordered == fitted == ["day"]
    assert any("not in the order of day" in notice.text for notice in notices(findings))
    assert fitted == ["day"]


def test_a_whole_number_that_counts_up_is_no_time(tmp_path):
    assert proposed(tmp_path, (1_000 + 3 * NUMBERS).tolist(), "start").preparation.split.by is SplitBy.STRATIFIED


@pytest.mark.parametrize("name", ["date_of_birth", "born", "BirthDay", "d1"])
def test_a_birth_date_beside_a_name_is_sensitive_and_no_time(tmp_path, name):
    random = np.random.default_rng(4)
    days = [str(day) for day in np.datetime64("1940-01-01") + random.integers(0, 22_000, ROWS)]
    plan = proposed(tmp_path, days, name, last_name=[f"Miller{i}" for i in range(ROWS)])
    assert plan.data.columns[name].sensitive
    assert plan.preparation.split.by is SplitBy.STRATIFIED


def test_days_in_no_order_without_a_name_are_not_taken_for_births(tmp_path):
    days = [str(day) for day in np.datetime64("1940-01-01") + np.random.default_rng(4).integers(0, 22_000, ROWS)]
    assert not proposed(tmp_path, days, "d1").data.columns["d1"].sensitive


def test_the_share_of_steps_in_order_is_counted():
    rows = np.ones(6, dtype=bool)
    assert in_order(pl.Series([1, 2, 2, 3, 1, 5]), rows) == 0.75
    assert in_order(pl.Series([5, 4, 4, 3, 2, 1]), rows) == 1.0
    assert in_order(pl.Series([4, 4, 4, 4, 4, 4]), rows) == 0.0
    assert in_order(pl.Series([1, None, 2, 9, 3, 4]), np.array([True, True, True, False, True, True])) == 1.0
