"""Preparation against pandas and scikit-learn: CPU seconds and peak memory on the same CSV.

    python -m benchmarks.prepare [--rows 2000000] [--pairs 5] [--format csv|parquet]

Both read the table, split it by a column of moments, fit imputation, scaling and encoding on the training rows, and
write Parquet; ours also checks every value, keeps a quarantine, looks for leaks and counts reference bins. Medians,
means and deviations must agree to 1e-9. Imports are not counted; each run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FLOATS, INTEGERS, TEXTS = 12, 2, (4, 12, 50, 100, 400, 1000)
NUMBERS = [*(f"f{i}" for i in range(FLOATS)), *(f"i{i}" for i in range(INTEGERS))]
CATEGORIES = [f"c{i}" for i in range(len(TEXTS))]
SHARES = (0.6, 0.2, 0.2)


def make_table(path: Path, rows: int) -> None:
    """Write a table of 12 floats, 2 integers, 6 texts, a moment and a label, with gaps."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    columns: dict[str, Any] = {"t": np.arange(rows)}
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
    frame = pl.DataFrame(columns)
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)


def ours(path: Path, out: Path) -> dict[str, list[float]]:
    """Prepare the table with Sevenfold; return median, mean and deviation per number."""
    import sevenfold.preparation.prepare as stage
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan import DataSection, PreparationSection

    columns: dict[str, dict[str, str]] = {name: {"kind": "number"} for name in NUMBERS[:FLOATS]}
    columns |= {name: {"kind": "integer"} for name in NUMBERS[FLOATS:]}
    columns |= {name: {"kind": "category"} for name in CATEGORIES}
    columns |= {"t": {"kind": "integer", "role": "time"}, "y": {"kind": "category", "role": "target"}}
    data = DataSection.model_validate({"source": "-", "target": "y", "task": "binary", "columns": columns})
    split = {"by": "time", "column": "t", "validation": SHARES[1], "test": SHARES[2]}
    begin = time.process_time()
    stage.prepare(path, data, PreparationSection.model_validate({"split": split}), out)
    _report(begin)
    return {f.name: [f.fill, f.center, f.scale] for f in Dataset.open(out).transform().numbers}


def peer(path: Path, out: Path) -> dict[str, list[float]]:
    """Do the same with pandas and a ColumnTransformer."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    begin = time.process_time()
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
    _report(begin)
    medians = table[NUMBERS].iloc[:first].median()
    means, deviations = table[NUMBERS].iloc[:first].mean(), table[NUMBERS].iloc[:first].std(ddof=0)
    return {name: [float(medians[name]), float(means[name]), float(deviations[name])] for name in NUMBERS}


def _report(begin: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": time.process_time() - begin, "peak": peak}))


def run(who: str, path: Path) -> tuple[float, float, dict[str, list[float]]]:
    """Run one side in a process of its own; return CPU seconds, peak MiB and what it fitted."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "benchmarks.prepare",
            "--as",
            who,
            "--table",
            str(path),
            "--out",
            folder + "/out",
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    measured, fitted = map(json.loads, done.stdout.splitlines()[-2:])
    return measured["cpu"], measured["peak"], fitted


def main() -> None:
    """Run the pairs and print one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--format", default="csv", choices=["csv", "parquet"])
    parser.add_argument("--as", dest="who", choices=["ours", "peer"])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.who:
        with tempfile.TemporaryDirectory() as folder:  # once on a small table, so that no import is counted
            small = Path(folder) / f"small.{given.format}"
            make_table(small, 5_000)
            {"ours": ours, "peer": peer}[given.who](small, Path(folder) / "out")
        print(json.dumps({"ours": ours, "peer": peer}[given.who](given.table, given.out)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{given.format}"
        make_table(path, given.rows)
        runs: dict[str, list[tuple[float, float, dict[str, list[float]]]]] = {"ours": [], "peer": []}
        for _ in range(given.pairs):
            for who, found in runs.items():
                found.append(run(who, path))
    for name, values in runs["peer"][0][2].items():
        mine = runs["ours"][0][2][name]
        assert all(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(mine, values, strict=True)), name
    ratios = [b[0] / a[0] for a, b in zip(runs["ours"], runs["peer"], strict=True)]
    a, b = (statistics.median(run[0] for run in runs[who]) for who in runs)
    m, n = (max(run[1] for run in runs[who]) for who in runs)
    print(
        f"prepare {given.format}, {given.rows:,} rows: ours {a:.2f} CPU s / pandas + scikit-learn {b:.2f} CPU s; "
        f"peer / ours = {statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f}); "
        f"peak {m:.0f} / {n:.0f} MiB = {m / n:.2f}"
    )


if __name__ == "__main__":
    main()
