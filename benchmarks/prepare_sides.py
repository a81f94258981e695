"""The sides of `benchmarks.prepare`, each of which prepares the same table: ours, pandas, and Polars by hand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.runtime.progress import OnProgress

__all__ = ["NARROW", "SIDES", "Measured", "make_table", "ours", "peak"]

FLOATS, INTEGERS, TEXTS = 12, 2, (4, 12, 50, 100, 400, 1000)
NUMBERS = [*(f"f{i}" for i in range(FLOATS)), *(f"i{i}" for i in range(INTEGERS))]
CATEGORIES = [f"c{i}" for i in range(len(TEXTS))]
NARROW = ("t", "f0", "f1", "f2", "f3", "i0", "c1", "c5", "y")
PART = 10_000_000  # rows of a CSV that are made at once
SHARES = (0.6, 0.2, 0.2)
LARGEST = 2**53  # of a whole number that a float holds
MIN_COUNT = 10  # rows that a category needs
Fitted = dict[str, list[float]]


@dataclass(frozen=True)
class Measured:
    """What one side spent on a table, and median, mean and deviation of each number that it fitted."""

    cpu: float
    wall: float
    peak: float
    fitted: Fitted


def make_table(path: Path, rows: int, names: Collection[str] = ()) -> None:
    """Write a table of 12 floats, 2 integers, 6 texts, a moment and a label, with gaps; a long CSV part by part.

    Args:
        path: CSV or Parquet, by its suffix.
        rows: how many.
        names: the columns that are written; empty for all.
    """
    import numpy as np

    random = np.random.default_rng(0)
    if path.suffix != ".csv":
        _frame(random, 0, rows, names).write_parquet(path)
        return
    with path.open("wb") as stream:
        for start in range(0, rows, PART):
            _frame(random, start, min(PART, rows - start), names).write_csv(stream, include_header=not start)


def _frame(random: Any, start: int, rows: int, names: Collection[str]) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    columns: dict[str, Any] = {"t": np.arange(start, start + rows)}
    for name in NUMBERS[:FLOATS]:
        values = random.normal(size=rows).round(6)
        columns[name] = pl.Series(values).set(pl.Series(random.random(rows) < 0.03), None)
    for name in NUMBERS[FLOATS:]:
        columns[name] = random.integers(0, 10_000, rows)
    for name, levels in zip(CATEGORIES, TEXTS, strict=True):
        texts = pl.Series([f"level_{i:04d}" for i in range(levels)])[random.integers(0, levels, rows)]
        columns[name] = texts.set(pl.Series(random.random(rows) < 0.02), None)
    columns["y"] = pl.Series(columns["i0"] + random.normal(size=rows) * 3_000 > 6_000).replace_strict(
        {True: "yes", False: "no"}, return_dtype=pl.String
    )
    return pl.DataFrame({name: values for name, values in columns.items() if not names or name in names})


def ours(path: Path, out: Path, names: Collection[str] = (), on_progress: OnProgress | None = None) -> Measured:
    """Prepare the table with Sevenfold."""
    import sevenfold.preparation.prepare as stage
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan import DataSection, PreparationSection

    columns: dict[str, dict[str, str]] = {name: {"kind": "number"} for name in NUMBERS[:FLOATS]}
    columns |= {name: {"kind": "integer"} for name in NUMBERS[FLOATS:]}
    columns |= {name: {"kind": "category"} for name in CATEGORIES}
    columns |= {"t": {"kind": "integer", "role": "time"}, "y": {"kind": "category", "role": "target"}}
    columns = {name: column for name, column in columns.items() if not names or name in names}
    data = DataSection.model_validate({"source": "-", "target": "y", "task": "binary", "columns": columns})
    split = {"by": "time", "column": "t", "validation": SHARES[1], "test": SHARES[2]}
    begin = _now()
    stage.prepare(path, data, PreparationSection.model_validate({"split": split}), out, on_progress=on_progress)
    spent = _spent(*begin)
    return Measured(*spent, {f.name: [f.fill, f.center, f.scale] for f in Dataset.open(out).transform().numbers})


def peer(path: Path, out: Path) -> Measured:
    """Do the same with pandas and a ColumnTransformer."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    begin = _now()
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    first, second = int(len(table) * SHARES[0]), int(len(table) * (SHARES[0] + SHARES[1]))
    texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=""),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=10),
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    transform = ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, CATEGORIES)])
    transform.fit(table.iloc[:first])
    out.mkdir()
    for name, rows in (("train", slice(first)), ("validation", slice(first, second)), ("test", slice(second, None))):
        part = pd.DataFrame(transform.transform(table.iloc[rows]), columns=[*NUMBERS, *CATEGORIES])
        part["y"] = table["y"].iloc[rows].to_numpy()
        part.to_parquet(out / f"{name}.parquet")
    spent = _spent(*begin)
    numbers_seen = table[NUMBERS].iloc[:first]
    moments = zip(numbers_seen.median(), numbers_seen.mean(), numbers_seen.std(ddof=0), strict=True)
    return Measured(*spent, dict(zip(NUMBERS, ([float(value) for value in each] for each in moments), strict=True)))


def by_hand(path: Path, out: Path) -> Measured:
    """Do the same with Polars alone, as someone who knows it well would write it for this one table.

    The types are checked by the parser, and the rows are read as texts only where a value does not fit its type. The
    same rows are refused: numbers beyond what a float holds, and rows without a label.
    """
    import polars as pl

    begin = _now()
    out.mkdir()
    table = _valid(_typed(path), out)
    ordered = table if table["t"].is_sorted() else table.sort("t")
    borders = [ordered["t"][int(len(ordered) * share)] for share in (SHARES[0], SHARES[0] + SHARES[1])]
    del ordered
    split = pl.col("t")
    train = table.filter(split < borders[0])
    moments = train.select(
        *(pl.col(name).median().alias(f"{name} 0") for name in NUMBERS),
        *(pl.col(name).mean().alias(f"{name} 1") for name in NUMBERS),
        *(pl.col(name).std(ddof=0).alias(f"{name} 2") for name in NUMBERS),
    ).row(0, named=True)
    counts = (train[name].drop_nulls().value_counts(sort=True) for name in CATEGORIES)
    levels = [count.filter(pl.col("count") >= MIN_COUNT) for count in counts]
    train.write_parquet(out / "train.parquet", compression="snappy", statistics=False)
    held_out = {
        "validation": table.filter((split >= borders[0]) & (split < borders[1])),
        "test": table.filter(split >= borders[1]),
    }
    for name, rows in held_out.items():
        rows.write_parquet(out / f"{name}.parquet", compression="snappy", statistics=False)
    digests = []
    for file in sorted(out.iterdir()):
        with file.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    assert len(digests) == 4 and len(levels) == len(CATEGORIES)
    spent = _spent(*begin)
    return Measured(*spent, {name: [moments[f"{name} {at}"] for at in range(3)] for name in NUMBERS})


def _typed(path: Path) -> pl.LazyFrame:
    """Return the table with the types that its columns must have, null where a text is no such value."""
    import polars as pl

    types: dict[str, Any] = {"t": pl.Int64, **dict.fromkeys(NUMBERS[:FLOATS], pl.Float64)}
    types |= {**dict.fromkeys(NUMBERS[FLOATS:], pl.Int64), **dict.fromkeys([*CATEGORIES, "y"], pl.Categorical)}
    if path.suffix != ".csv":
        return pl.scan_parquet(path).cast(dict.fromkeys((*CATEGORIES, "y"), pl.Categorical))
    try:
        return pl.read_csv(path, schema=types).lazy()
    except pl.exceptions.ComputeError:
        return pl.scan_csv(path, infer_schema=False).cast(types, strict=False)


def _valid(table: pl.LazyFrame, out: Path) -> pl.DataFrame:
    """Write the rows that cannot be used into the quarantine, and return all others."""
    import polars as pl

    floats, integers = pl.col(NUMBERS[:FLOATS]), pl.col("t", *NUMBERS[FLOATS:])
    good = pl.all_horizontal(
        floats.is_finite().fill_null(True),
        integers.is_between(-LARGEST, LARGEST).fill_null(True),
        pl.col("t", "y").is_not_null(),
    )
    checked = table.with_columns(good.alias("good")).collect()
    checked.filter(~pl.col("good")).drop("good").write_parquet(out / "quarantine.parquet")
    return checked.drop("good") if checked["good"].all() else checked.filter("good").drop("good")


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _spent(cpu: float, wall: float) -> tuple[float, float, float]:
    """Return CPU and wall seconds since then, and the largest memory of this process in MiB."""
    now_cpu, now_wall = _now()
    return now_cpu - cpu, now_wall - wall, peak()


def peak() -> float:
    """Return the largest memory of this process in MiB; `getrusage` would count what its parent had when it began."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


SIDES = {"ours": ours, "peer": peer, "by hand": by_hand}
