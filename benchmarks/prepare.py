"""Preparation against pandas and scikit-learn, and against the same by hand in Polars: CPU seconds and peak memory.

    python -m benchmarks.prepare [--size 2000000] [--pairs 5] [--format csv|parquet]
    python -m benchmarks.prepare --alone --size 50000000 --format csv [--folder DIR]

Both read the table, split it by a column of moments, fit imputation, scaling and encoding on the training rows, and
write Parquet; ours also checks every value, keeps a quarantine, looks for leaks and counts reference bins. By hand in
Polars means: types and ranges checked, a quarantine, the split, medians, means, deviations and levels of the training
rows, Parquet and SHA-256. Medians, means and deviations must agree to 1e-9. Imports are not counted; each run is a
process of its own. The memory of a table five times as long says whether it is flat.
Wall time is compared with our own CPU time, which says something on a machine of two idle cores only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.pairs import progress
from benchmarks.prepare_sides import NARROW, SIDES, Measured, make_table, ours, peak
from benchmarks.rows import Row, parser, report

THREADS = {"OPENBLAS_NUM_THREADS": "1"}  # Polars and Arrow keep theirs, as they do for users: CPU time counts them all
SIZE, QUICK_SIZE, WARM_SIZE = 2_000_000, 5_000, 5_000
FORMATS = {"csv": "CSV", "parquet": "Parquet"}
ONE_SIDE = [sys.executable, "-m", "benchmarks.prepare"]
LONGER = 5  # times as many rows


def run_side(side: str, paths: Sequence[Path], *, warm: bool) -> list[Measured]:
    """Prepare the tables with one side, one after the other, in a process of its own."""
    from sevenfold.runtime.environment import ARROW_MEMORY

    with tempfile.TemporaryDirectory() as folder:
        command = [*ONE_SIDE, "--side", side, "--out", folder]
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
            make_table(path, LONGER * size)
            progress(f"prepare {FORMATS[kind]}: {LONGER} times the rows")
            longer = [measured.peak for measured in run_side("ours", [path], warm=True)]
        usual = [statistics.median(run.peak for run in runs["ours"])]
        yield Row(f"prepare {FORMATS[kind]}: memory of {LONGER} times the rows", longer, usual)


def measure_quickly(formats: Sequence[str]) -> Iterator[Row]:
    """Compare both sides once on a small table of each format, all in one process per side."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"table.{kind}" for kind in formats]
        for path in paths:
            make_table(path, QUICK_SIZE)
        runs = {side: run_side(side, paths, warm=False) for side in SIDES}
    for number, kind in enumerate(formats):
        yield from rows(kind, {side: [measured[number]] for side, measured in runs.items()}, quick=True)


def alone(size: int, kind: str, folder: Path | None) -> None:
    """Prepare a table of 9 columns of the benchmark's once, and print each step with the largest memory so far."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = Path(made) / f"table.{kind}"
        subprocess.run([*ONE_SIDE, "--make", str(path), "--size", str(size)], check=True)  # its memory is its own
        print(
            f"{size:,} rows of {len(NARROW)} columns, {path.stat().st_size / 1e9:.2f} GB of {FORMATS[kind]}", flush=True
        )
        begin, step = time.perf_counter(), ""

        def on_progress(message: str, done: int, total: int) -> None:
            nonlocal step
            if (now := message.split()[0]) != step:
                step = now
                print(f"{time.perf_counter() - begin:7.0f} s  {peak():6.0f} MiB  {message}", flush=True)

        measured = ours(path, Path(made) / "dataset", NARROW, on_progress)
    print(f"{measured.cpu:.0f} CPU s, {measured.wall:.0f} s, {measured.peak:.0f} MiB")


def rows(kind: str, runs: dict[str, list[Measured]], *, quick: bool) -> Iterator[Row]:
    """Require that all sides fitted the same numbers, and return their rows."""
    for side in SIDES:
        for name, values in runs[side][0].fitted.items():
            mine = runs["ours"][0].fitted[name]
            assert all(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(mine, values, strict=True)), (side, name)
    cpu, peak = ({side: [getattr(run, what) for run in runs[side]] for side in SIDES} for what in ("cpu", "peak"))
    name = f"prepare {FORMATS[kind]}"
    yield Row(name, cpu["ours"], cpu["peer"], quick=quick)
    yield Row(f"{name}: peak memory", peak["ours"], peak["peer"], quick=quick)
    yield Row(f"{name}: wall time", [run.wall for run in runs["ours"]], cpu["ours"], quick=quick)
    yield Row(f"{name}: by hand", cpu["ours"], cpu["by hand"], quick=quick)
    yield Row(f"{name}: memory by hand", peak["ours"], peak["by hand"], quick=quick)


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
    options.add_argument("--alone", action="store_true", help="Prepare one table of 9 columns once, with its progress.")
    options.add_argument("--folder", type=Path, help="Where --alone puts the table and the dataset.")
    one_side.add_argument("--make", type=Path)
    given = options.parse_args()
    formats = [given.format] if given.format else list(FORMATS)
    if given.make:
        make_table(given.make, given.size, NARROW)
    elif given.alone:
        alone(given.size, formats[0], given.folder)
    elif given.side:
        as_side(given.side, given.tables, given.out, warm=given.warm)
    elif given.quick:
        report(measure_quickly(formats), given.rows)
    else:
        report(measure(given.size, formats, given.pairs), given.rows)


if __name__ == "__main__":
    main()
