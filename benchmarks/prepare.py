"""Preparation against pandas and scikit-learn: CPU seconds and peak memory on the same table, CSV and Parquet.

    python -m benchmarks.prepare [--size 2000000] [--pairs 5] [--format csv|parquet]

Both read the table, split it by a column of moments, fit imputation, scaling and encoding on the training rows, and
write Parquet; ours also checks every value, keeps a quarantine, looks for leaks and counts reference bins. Medians,
means and deviations must agree to 1e-9. Imports are not counted; each run is a process of its own.
Wall time is compared with our own CPU time, which says something on a machine of two idle cores only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.pairs import progress
from benchmarks.rows import Row, parser, report

FLOATS, INTEGERS, TEXTS = 12, 2, (4, 12, 50, 100, 400, 1000)
NUMBERS = [*(f"f{i}" for i in range(FLOATS)), *(f"i{i}" for i in range(INTEGERS))]
CATEGORIES = [f"c{i}" for i in range(len(TEXTS))]
SHARES = (0.6, 0.2, 0.2)
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # Polars keeps its own: CPU time counts them all
SIZE, QUICK_SIZE, WARM_SIZE = 2_000_000, 5_000, 5_000
FORMATS = {"csv": "CSV", "parquet": "Parquet"}
Fitted = dict[str, list[float]]


@dataclass(frozen=True)
class Measured:
    """What one side spent on a table, and median, mean and deviation of each number that it fitted."""

    cpu: float
    wall: float
    peak: float
    fitted: Fitted


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


def ours(path: Path, out: Path) -> Measured:
    """Prepare the table with Sevenfold."""
    import sevenfold.preparation.prepare as stage
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.plan import DataSection, PreparationSection

    columns: dict[str, dict[str, str]] = {name: {"kind": "number"} for name in NUMBERS[:FLOATS]}
    columns |= {name: {"kind": "integer"} for name in NUMBERS[FLOATS:]}
    columns |= {name: {"kind": "category"} for name in CATEGORIES}
    columns |= {"t": {"kind": "integer", "role": "time"}, "y": {"kind": "category", "role": "target"}}
    data = DataSection.model_validate({"source": "-", "target": "y", "task": "binary", "columns": columns})
    split = {"by": "time", "column": "t", "validation": SHARES[1], "test": SHARES[2]}
    begin = _now()
    stage.prepare(path, data, PreparationSection.model_validate({"split": split}), out)
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


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _spent(cpu: float, wall: float) -> tuple[float, float, float]:
    """Return CPU and wall seconds since then, and the largest memory of this process in MiB."""
    now_cpu, now_wall = _now()
    return now_cpu - cpu, now_wall - wall, _peak()


def _peak() -> float:
    """Return the largest memory of this process in MiB; `getrusage` would count what its parent had when it began."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


SIDES = {"ours": ours, "peer": peer}


def run_side(side: str, paths: Sequence[Path], *, warm: bool) -> list[Measured]:
    """Prepare the tables with one side, one after the other, in a process of its own."""
    from sevenfold.runtime.environment import ARROW_MEMORY

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.prepare", "--side", side, "--out", folder]
        command += [*["--warm"] * warm, "--tables", *map(str, paths)]
        environment = {**ARROW_MEMORY, **os.environ, **THREADS}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return [Measured(**json.loads(line)) for line in done.stdout.splitlines()]


def as_side(side: str, paths: Sequence[Path], out: Path, *, warm: bool) -> None:
    """Be one side: print a JSON line per table; `warm` prepares a small table before, so that no import is counted."""
    if warm:
        small = out / f"small{paths[0].suffix}"
        make_table(small, WARM_SIZE)
        SIDES[side](small, out / "small")
    for number, path in enumerate(paths):
        print(json.dumps(asdict(SIDES[side](path, out / str(number)))), flush=True)


def measure(size: int, formats: Sequence[str], pairs: int) -> Iterator[Row]:
    """Compare CPU seconds and peak memory on a table of each format, a process per side and pair."""
    for kind in formats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"table.{kind}"
            make_table(path, size)
            runs: dict[str, list[Measured]] = {side: [] for side in SIDES}
            for number in range(pairs):
                progress(f"prepare {FORMATS[kind]}: pair {number + 1} of {pairs}")
                for side in SIDES:
                    runs[side] += run_side(side, [path], warm=True)
        yield from rows(kind, runs, quick=False)


def measure_quickly(formats: Sequence[str]) -> Iterator[Row]:
    """Compare both sides once on a small table of each format, all in one process per side."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"table.{kind}" for kind in formats]
        for path in paths:
            make_table(path, QUICK_SIZE)
        runs = {side: run_side(side, paths, warm=False) for side in SIDES}
    for number, kind in enumerate(formats):
        yield from rows(kind, {side: [measured[number]] for side, measured in runs.items()}, quick=True)


def rows(kind: str, runs: dict[str, list[Measured]], *, quick: bool) -> Iterator[Row]:
    """Require that both sides fitted the same numbers, and return their rows."""
    for name, values in runs["peer"][0].fitted.items():
        mine = runs["ours"][0].fitted[name]
        assert all(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(mine, values, strict=True)), name
    cpu, peak = ([[getattr(run, what) for run in runs[side]] for side in SIDES] for what in ("cpu", "peak"))
    yield Row(f"prepare {FORMATS[kind]}", *cpu, quick=quick)
    yield Row(f"prepare {FORMATS[kind]}: peak memory", *peak, quick=quick)
    yield Row(f"prepare {FORMATS[kind]}: wall time", [run.wall for run in runs["ours"]], cpu[0], quick=quick)


def main() -> None:
    """Measure, or be one side of it."""
    options = parser("prepare", __doc__)
    options.add_argument("--size", type=int, default=SIZE, help="Rows of the table (default: %(default)s).")
    options.add_argument("--format", choices=FORMATS, help="Measure this format alone.")
    one_side = options.add_argument_group("one side alone, as the benchmark starts it")
    one_side.add_argument("--side", choices=SIDES)
    one_side.add_argument("--tables", type=Path, nargs="+", default=[])
    one_side.add_argument("--out", type=Path)
    one_side.add_argument("--warm", action="store_true")
    given = options.parse_args()
    formats = [given.format] if given.format else list(FORMATS)
    if given.side:
        as_side(given.side, given.tables, given.out, warm=given.warm)
    elif given.quick:
        report(measure_quickly(formats), given.rows)
    else:
        report(measure(given.size, formats, given.pairs), given.rows)


if __name__ == "__main__":
    main()
