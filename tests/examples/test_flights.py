"""The flights example: what the model may see follows from nothing that happened later."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from sevenfold.contracts.schema import Role
from sevenfold.plan import load_plan
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.recipe import load_recipe
from sevenfold.refine.replay import replay

FOLDER = Path(__file__).parents[2] / "examples" / "flights"


def module_at(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"flights_example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def flights() -> ModuleType:
    return module_at("flights")


@pytest.fixture(scope="module")
def table(flights) -> pl.DataFrame:
    return flights.build(flights.package_data())


def test_every_flight_is_there_once(table):
    assert table.height == 336_776
    assert table.select("scheduled_departure", "carrier", "flight", "origin").is_duplicated().sum() <= 24
    assert table["scheduled_departure"].is_sorted()


def test_late_means_fifteen_minutes(table):
    arrived = table.filter(pl.col("arr_delay").is_not_null())
    assert (arrived["late"] == "yes").to_list() == (arrived["arr_delay"] >= 15).to_list()
    assert table.filter(pl.col("arr_delay").is_null())["late"].null_count() == 9_430
    assert 0.24 < (arrived["late"] == "yes").mean() < 0.25


def test_the_plan_names_every_column(table):
    plan = load_plan(FOLDER / "plan.yaml")
    assert list(plan.data.columns) == table.columns
    features = [name for name, column in plan.data.columns.items() if column.is_feature]
    kinds = [plan.data.columns[name].kind for name in features]
    assert (kinds.count("category"), len(features)) == (7, 23)
    assert table["late"].null_count() / table.height < plan.data.max_unlabelled


def test_the_recipe_gives_each_manufacturer_one_name(table):
    names = ["manufacturer", "tail_number"]
    raw = import_csv(table.select(names).write_csv())
    recipe = load_recipe("recipe.json", FOLDER, FOLDER)
    assert not recipe.crossing
    refined, changes = replay(raw, recipe.history)
    assert [change.cells for change in changes] == [51_207, 4]
    before, after = (Counter(made.column("manufacturer").cells()) for made in (raw, refined))
    assert after["AIRBUS"] == before["AIRBUS"] + before["AIRBUS INDUSTRIE"] == 88_193
    assert len(before) - len(after) == 5
    assert not [name for name in after if name and name != "AIRBUS" and "AIRBUS" in name]
    assert all(number.startswith("N") for number in set(refined.column("tail_number").cells()) - {None})


def test_what_the_model_sees_does_not_depend_on_how_flights_went(flights, table, tmp_path):
    """Shuffle every outcome: the other columns stay as they are."""
    import zipfile

    data = shutil.copytree(flights.package_data(), tmp_path / "data")
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        raw = flights._read(archive.read("flights.csv"))
    order = np.random.default_rng(1).permutation(raw.height)
    outcomes = raw.select(flights.AFTERWARDS)[order]
    changed = raw.with_columns(outcomes.get_columns())
    with zipfile.ZipFile(data / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", changed.write_csv(null_value="NA"))
    plan = load_plan(FOLDER / "plan.yaml")
    seen = [name for name, column in plan.data.columns.items() if column.is_feature or column.role is Role.TIME]
    again = flights.build(data)
    assert again.select(seen).equals(table.select(seen))
    assert not again["late"].equals(table["late"])


def test_weather_is_of_the_hours_up_to_departure(flights, table):
    weather = flights._read(flights.package_data() / "weather.csv")
    moment = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    weather = weather.with_columns(moment=moment).filter(pl.col("origin") == "JFK").sort("moment")
    # New York is five hours behind UTC in winter
    day = table.filter(pl.col("origin") == "JFK", pl.col("scheduled_departure").dt.date() == pl.date(2013, 2, 8))
    assert day.height > 250
    for row in day.sample(25, seed=1).iter_rows(named=True):
        hour = pl.lit(row["scheduled_departure"].replace(minute=0))
        after, upto = hour - pl.duration(hours=1), hour + pl.duration(hours=5)
        seen = weather.filter(pl.col("moment") > after, pl.col("moment") <= upto)
        assert row["precipitation_6h_inch"] == pytest.approx(seen["precip"].sum(), abs=0.006)
        assert row["visibility_6h_miles"] == seen["visib"].min()
        assert row["humidity"] == seen["humid"][-1]


def test_the_table_is_written_whole_or_not_at_all(flights, table, tmp_path, monkeypatch, capsys):
    few = table.head(50)
    monkeypatch.setattr(flights, "build", lambda data: few)
    for name in ("t.csv", "t.parquet"):
        monkeypatch.setattr(sys, "argv", ["flights.py", str(tmp_path / name)])
        flights.main()
    assert "50 flights" in capsys.readouterr().out
    assert pl.read_parquet(tmp_path / "t.parquet").equals(few)
    read = pl.read_csv(tmp_path / "t.csv", try_parse_dates=True, schema_overrides={"late": pl.String})
    assert read["scheduled_departure"].equals(few["scheduled_departure"])
    (tmp_path / "t.csv").write_text("old")

    def broken(self: pl.DataFrame, path: Path, **_: object) -> None:
        path.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_csv", broken)
    with pytest.raises(OSError, match="disk full"):
        flights.write(few, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


def test_notebooks_carry_no_outputs():
    import nbformat

    nodes = nbformat.reads((FOLDER / "explore.ipynb").read_text(), as_version=4)
    nbformat.validate(nodes)
    assert all(not cell.get("outputs") for cell in nodes.cells)
