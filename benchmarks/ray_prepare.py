"""What preparation costs on Ray, and what in one process: ``python -m benchmarks.ray_prepare``.

Tables of 1, 4 and 16 files of 8 MB, each a partition: in this process, and on a Ray cluster of one and of two nodes on
this machine, each with one CPU. Starting the cluster does not count; connecting to it does. ``--quick`` prepares one
small table in one process and on one node.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv

from benchmarks.ray_nodes import cost, nodes, use_token, watched
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare

ROWS = 120_000  # of a file of 8 MB
COLUMNS = {
    **{f"x{at}": {"kind": "number"} for at in range(5)},
    "count": {"kind": "integer"},
    "kind": {"kind": "category"},
    "y": {"kind": "category", "role": "target"},
}


def write_file(path: Path, seed: int, rows: int) -> Path:
    """Write a part of the table."""
    draw = np.random.default_rng(seed)
    columns = {f"x{at}": draw.normal(size=rows).round(6) for at in range(5)}
    kinds = np.array([f"kind {at}" for at in range(200)])
    table = {
        **columns,
        "count": draw.integers(0, 1_000, rows),
        "kind": kinds[draw.integers(0, len(kinds), rows)],
        "y": np.where(columns["x0"] + draw.normal(size=rows) > 0, "yes", "no"),
    }
    pa.csv.write_csv(pa.table(table), path)
    return path


def run(files: Sequence[Path], out: Path, address: str, tasks: int, cluster: Sequence[psutil.Process]) -> str:
    """Prepare a table, print a line and return the digest."""
    data = DataSection.model_validate({"source": "t", "target": "y", "task": "binary", "columns": COLUMNS})
    engine = {"engine": "ray", "ray": {"address": address, "tasks": tasks}} if address else {}
    before, _ = cost(cluster)
    wall, own = time.perf_counter(), time.process_time()
    seen: dict[int, float] = {}
    with watched(cluster, seen):
        prepared = prepare(files, data, PreparationSection.model_validate(engine), out)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    held = seen.pop(0, 0.0)
    theirs = sum(seconds - before.get(pid, 0.0) for pid, seconds in seen.items())
    where = f"{tasks} node{'s' * (tasks > 1)}" if address else "one process"
    mine = psutil.Process().memory_info().rss / 1e9
    print(f"{len(files):>10}  {where:<12}{wall:>7.1f}{own:>12.1f}{theirs:>13.1f}{mine:>10.2f}{held:>12.2f}", flush=True)
    return prepared.digest


def main() -> None:
    """Print a line per table and place, and see that all give one dataset."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ray_prepare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="One small table, in one process and on one node.")
    quick = parser.parse_args().quick
    use_token()
    print(
        f"{'partitions':>10}  {'where':<12}{'wall s':>7}{'own CPU s':>12}{'Ray CPU s':>13}{'own GB':>10}{'Ray GB':>12}"
    )
    # a socket's path may have 107 characters
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as name:
        folder = Path(name)
        sizes = (1,) if quick else (1, 4, 16)
        files = [write_file(folder / f"{at}.csv", at, 5_000 if quick else ROWS) for at in range(max(sizes))]
        digests = {size: {run(files[:size], folder / "out", "", 1, [])} for size in sizes}
        for count in (1,) if quick else (1, 2):
            with nodes(count, folder / str(count)) as (address, cluster):
                for size in sizes:
                    digests[size].add(run(files[:size], folder / "out", address, count, cluster))
        assert all(len(found) == 1 for found in digests.values()), "one dataset, wherever it was made"


if __name__ == "__main__":
    main()
