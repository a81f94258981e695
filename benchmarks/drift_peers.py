"""Drift beside evidently and NannyML, on the same tables: ``python -m benchmarks.drift_peers``.

Each run draws 20,000 reference rows and a window of 2,000: four numbers and two categories. Nothing moves, one feature
moves, or two features begin to go together. Printed is how often each tool alarms on one window, and its CPU time: so
often falsely in the first row, rightly in the others. The peers are installed in an environment of their own, made for
the run, unless ``--python`` names one that has them. Their usage reports are switched off.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.pairs import PINNED, progress
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.drift.bins import build_reference, count_bins
from sevenfold.drift.verdict import window_drift
from sevenfold.monitoring.subtle.columns import columns_of
from sevenfold.monitoring.subtle.separation import separation
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.feeds import feeds_from_table

# pandas 3 and evidently 0.7 do not go together, and NannyML does not name statsmodels.
PACKAGES: Final = ("evidently==0.7.23", "nannyml==0.13.1", "pandas<3", "statsmodels")
SILENT: Final = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
NUMBERS, CATEGORIES = ("n0", "n1", "n2", "n3"), ("c0", "c1")
INPUTS: Final = {
    **{name: Column(kind=Kind.NUMBER) for name in NUMBERS}, **{name: Column(kind=Kind.CATEGORY) for name in CATEGORIES},
}  # fmt: skip
REFERENCE, WINDOW = 20_000, 2_000  # NannyML takes its limits from ten windows of the reference
TARGET: Final = Column(kind=Kind.NUMBER, role=Role.TARGET)
SCHEMA: Final = Schema(task=Task.REGRESSION, target="y", columns={**INPUTS, "y": TARGET})
SECTION: Final = MonitoringSection(windows=1, windows_drifted=1)
SCENARIOS: Final[Mapping[str, dict[str, float]]] = {
    "nothing moves": {},
    "mean by a tenth": {"mean": 0.1},
    "mean by a half": {"mean": 0.5},
    "category by 10 points": {"share": 0.1},
    "5 % missing": {"missing": 0.05},
    "two go together": {"together": 0.6},
}

PEERS: Final = """
import contextlib, io, json, sys, time, warnings
warnings.filterwarnings("ignore")
import nannyml, pandas
from evidently import Report
from evidently.presets import DataDriftPreset

def evidently(before, after):
    for metric in Report([DataDriftPreset()]).run(after, before).dict()["metrics"]:
        if "count" in (metric["value"] if isinstance(metric["value"], dict) else {}):
            return metric["value"]

def columns(before, after):
    names = list(before.columns)
    calculator = nannyml.UnivariateDriftCalculator(column_names=names, chunk_size=len(after))
    found = calculator.fit(before).calculate(after).filter(period="analysis").to_df()
    return bool(found.xs("alert", axis=1, level=-1).any(axis=None))

def rows(before, after):
    calculator = nannyml.DomainClassifierCalculator(feature_column_names=list(before.columns), chunk_size=len(after))
    found = calculator.fit(before).calculate(after).filter(period="analysis").to_df()
    return bool(found.xs("alert", axis=1, level=-1).any(axis=None))

sides = {
    "evidently, a column": lambda *tables: evidently(*tables)["count"] >= 1,
    "evidently, half the columns": lambda *tables: evidently(*tables)["share"] >= 0.5,
    "NannyML, a column": columns,
}
if sys.argv[2] == "slow":
    sides = {"NannyML, domain classifier": rows}
found = {name: [0, 0.0] for name in sides}
for number in range(int(sys.argv[3])):
    before, after = (pandas.read_parquet(f"{sys.argv[1]}/{number}-{part}.parquet") for part in ("before", "after"))
    for table in (before, after):
        table[["c0", "c1"]] = table[["c0", "c1"]].astype("category")
    for name, side in sides.items():
        started = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            found[name][0] += bool(side(before, after))
        found[name][1] += time.process_time() - started
print("RESULT " + json.dumps(found))
"""


def make_table(
    rng: np.random.Generator, rows: int, *, mean: float = 0, share: float = 0, missing: float = 0, together: float = 0
) -> pa.Table:
    """Return rows in which the first number, the first category, or two numbers together are moved."""
    values = rng.normal(size=(len(NUMBERS), rows))
    values[1] = together * values[0] + np.sqrt(1 - together**2) * values[1]
    values[2] += mean
    columns: dict[str, Any] = dict(zip(NUMBERS, values, strict=True))
    columns["n3"] = pa.array(values[3], mask=rng.random(rows) < missing)
    columns["c0"] = rng.choice(["a", "b", "c", "d"], rows, p=[0.4 + share, 0.3 - share, 0.2, 0.1])
    columns["c1"] = rng.choice(["x", "y"], rows)
    return pa.table(columns)


def by_feature(before: pa.Table, after: pa.Table) -> bool:
    """Return whether a feature drifted, by the rule on bins."""
    reference, feeds = build_reference(before, SCHEMA), feeds_from_table(after, INPUTS)
    counts = {name: count_bins(bins, feeds[name]) for name, bins in reference.features.items()}
    return window_drift("w", counts, reference, SECTION).verdict == "drifted"


def by_rows(before: pa.Table, after: pa.Table) -> bool:
    """Return whether the rows as a whole drifted, by the classifier."""
    features = build_reference(before, SCHEMA).features
    sides = [columns_of(feeds_from_table(table, INPUTS), features) for table in (before, after)]
    return separation(*sides, significance=SECTION.significance, size=SECTION.separation).drifted


OURS: Final[Mapping[str, Callable[[pa.Table, pa.Table], bool]]] = {
    "ours, a feature": by_feature, "ours, rows as a whole": by_rows,
}  # fmt: skip


def environment(folder: Path) -> str:
    """Install the peers in a folder, and return its Python."""
    progress(f"installing {', '.join(PACKAGES)}")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def measured(python: str, folder: Path, runs: int, slow_runs: int, shift: dict[str, float]) -> dict[str, str]:
    """Return how often each side alarms on windows with a shift, and its CPU seconds for one."""
    rng = np.random.default_rng(7)
    found: dict[str, list[float]] = {name: [0, 0.0] for name in OURS}
    for number in range(runs):
        before, after = make_table(rng, REFERENCE), make_table(rng, WINDOW, **shift)
        for part, table in (("before", before), ("after", after)):
            pq.write_table(table, folder / f"{number}-{part}.parquet")
        for name, side in OURS.items():
            started = time.process_time()
            found[name][0] += side(before, after)
            found[name][1] += time.process_time() - started
    cells = {name: f"{alarms}/{runs} {seconds / runs:.2f} s" for name, (alarms, seconds) in found.items()}
    for speed, count in (("fast", runs), ("slow", min(runs, slow_runs))):
        if not count:
            continue
        command = [python, "-c", PEERS, str(folder), speed, str(count)]
        done = subprocess.run(
            command, env={**os.environ, **PINNED, **SILENT}, capture_output=True, text=True, check=False
        )
        answers = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if not answers:
            sys.exit(f"The peers ended with {done.returncode}:\n{done.stderr[-2000:]}")
        for name, (alarms, seconds) in json.loads(answers[0].removeprefix("RESULT ")).items():
            cells[name] = f"{alarms}/{count} {seconds / count:.2f} s"
    return cells


def main() -> None:
    """Measure and print a table: alarms of runs, and CPU seconds for one window."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drift_peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=100, help="Runs of each shift (default: %(default)s).")
    parser.add_argument(
        "--slow-runs", type=int, default=0, help="Runs of NannyML's classifier too, minutes each (default: none)."
    )
    parser.add_argument("--python", help="A Python that has the peers.")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS, help="These shifts alone.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        python = options.python or environment(Path(name) / "venv")
        for scenario in options.only:
            cells = measured(python, Path(name), options.runs, options.slow_runs, SCENARIOS[scenario])
            print(f"{scenario}: " + "; ".join(f"{side} {cell}" for side, cell in cells.items()), flush=True)


if __name__ == "__main__":
    main()
