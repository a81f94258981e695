"""Parts of moments are proposed where they vary, and they let a model see what hangs on the hour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.tree import DecisionTreeRegressor

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Part, Role
from sevenfold.plan import parse_plan
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.encode import encode

HOURS = 24 * 7 * 12


@pytest.fixture
def rentals(tmp_path: Path) -> Path:
    """Bikes rented in every hour of twelve weeks: many on the way to work and back, fewer at weekends, few in rain."""
    random = np.random.default_rng(5)
    at = np.arange(HOURS)
    hour, weekend = at % 24, at // 24 % 7 >= 5
    rain = random.random(HOURS) < 0.2
    rides = 40 + 200 * np.exp(-((hour - 8) ** 2) / 4) * ~weekend + 180 * np.exp(-((hour - 17) ** 2) / 6) - 15 * rain
    moments = np.datetime64("2024-03-04T00", "us") + at * np.timedelta64(1, "h")
    path = tmp_path / "rentals.parquet"
    count = np.maximum(0, rides + random.normal(0, 12, HOURS)).round()
    pq.write_table(pa.table({"hour": moments, "rain": rain, "wind": random.random(HOURS), "count": count}), path)
    return path


def test_the_time_of_the_split_gives_its_parts_and_they_help(rentals: Path, accept: Callable, tmp_path: Path) -> None:
    proposal, prepared = accept(rentals, "count")
    column = proposal.plan.data.columns["hour"]
    assert (column.role, column.also_feature) == (Role.TIME, True)
    assert column.parts == (Part.TIME_OF_DAY, Part.WEEKDAY)
    assert "The model sees its time of day and weekday, in UTC" in " ".join(proposal.text.replace("#", "").split())
    assert not prepared.warnings
    dataset = Dataset.open(tmp_path / "dataset")
    names = dataset.transform().numeric_names
    inputs = {
        split: encode(dataset.transform(), feeds_from_table(dataset.table(split), dataset.schema.features)).numeric
        for split in ("train", "test")
    }
    truth = {split: dataset.table(split)["count"].to_numpy() for split in ("train", "test")}

    def explained(columns: list[int]) -> float:
        model = DecisionTreeRegressor(min_samples_leaf=5, random_state=7).fit(
            inputs["train"][:, columns], truth["train"]
        )
        return float(model.score(inputs["test"][:, columns], truth["test"]))

    plain = [at for at, name in enumerate(names) if not name.startswith("hour:")]
    assert explained(plain) < 0.1
    assert explained(list(range(len(names)))) > 0.9


def test_days_have_no_hour_and_two_weeks_no_year(tmp_path: Path, accept: Callable) -> None:
    random = np.random.default_rng(3)
    days = np.repeat(np.datetime64("2024-03-04", "us") + np.arange(40) * np.timedelta64(1, "D"), 10)
    table = pa.table({"day": days, "x": random.random(400), "y": random.random(400)})
    pq.write_table(table, tmp_path / "t.parquet")
    proposal, prepared = accept(tmp_path / "t.parquet", "y")
    assert proposal.plan.data.columns["day"].parts == (Part.WEEKDAY,)
    assert parse_plan(proposal.text) == proposal.plan
    assert [item.feature.parts for item in prepared.features if item.name == "day"] == [(Part.WEEKDAY,)]


def test_an_hour_that_tells_the_target_is_no_feature(tmp_path: Path, accept: Callable) -> None:
    """As in a table whose days and nights were labelled by the clock: preparation would refuse it."""
    random = np.random.default_rng(3)
    moments = np.datetime64("2024-03-04T00", "us") + np.arange(2000) * np.timedelta64(1, "h")
    night = np.arange(2000) % 24 < 9
    table = pa.table({"at": moments, "x": random.random(2000), "night": np.where(night, "yes", "no")})
    pq.write_table(table, tmp_path / "t.parquet")
    proposal, _ = accept(tmp_path / "t.parquet", "night")
    assert not proposal.plan.data.columns["at"].is_feature


def test_a_moment_in_rows_split_at_random_is_a_number_too(tmp_path: Path, accept: Callable) -> None:
    random = np.random.default_rng(7)
    days = np.sort(random.integers(0, 1_000, 600))[random.permutation(600)]
    joined = np.datetime64("2021-01-01") + days.astype("timedelta64[D]")
    left = np.where(days + random.normal(0, 100, 600) < 500, "yes", "no")
    path = tmp_path / "customers.csv"
    rows = zip(joined, random.normal(size=600).round(3), left, strict=True)
    path.write_text("joined,x,left\n" + "".join(f"{day},{x},{y}\n" for day, x, y in rows))
    proposal, _ = accept(path, "left")
    assert proposal.findings.split is None
    assert proposal.plan.data.columns["joined"].parts == (Part.WEEKDAY, Part.DAY_OF_YEAR, Part.TREND)
    assert "joined:trend" in Dataset.open(tmp_path / "dataset").transform().numeric_names
