"""What preparation costs on Ray, and what in one process: ``python -m benchmarks.ray_prepare``.

Tables of 1, 4 and 16 files of 8 MB, each a partition: in this process, and on a Ray cluster of one and of two nodes on
this machine, each with one CPU. Starting the cluster does not count; connecting to it does. ``--quick`` prepares one
small table in one process and on one node.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv

from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare

ROWS = 120_000  # of a file of 8 MB
START_SECONDS = 600.0
COLUMNS = {
    **{f"x{at}": {"kind": "number"} for at in range(5)},
    "count": {"kind": "integer"},
    "kind": {"kind": "category"},
    "y": {"kind": "category", "role": "target"},
}
SECRET = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "600"}


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


@contextmanager
def nodes(count: int, folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Start a Ray cluster of some nodes with a CPU each; yield its address and its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir()
    started: list[psutil.Process] = []
    try:
        for number in range(count):
            where = [f"--address={address}"] if number else ["--head", f"--port={address.rpartition(':')[2]}"]
            where += [] if number else [f"--temp-dir={folder}", "--include-dashboard=false"]
            log = folder / f"{number}.log"
            command = [str(Path(sys.executable).with_name("ray")), "start", *where, "--block", "--num-cpus=1"]
            with log.open("wb") as out:
                options = ["--object-store-memory=300000000", "--disable-usage-stats"]
                one = subprocess.Popen([*command, *options], stdout=out, stderr=out, start_new_session=True)
            started.append(psutil.Process(one.pid))
            deadline = time.monotonic() + START_SECONDS
            while b"Ray runtime started" not in log.read_bytes():
                if one.poll() is not None or time.monotonic() > deadline:
                    sys.exit(log.read_text())
                time.sleep(0.5)
        yield address, started
    finally:
        for process in family(started):
            with suppress(psutil.Error):
                process.kill()


def family(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return processes with all that they started."""
    found = []
    for root in roots:
        with suppress(psutil.Error):
            found += [root, *root.children(recursive=True)]
    return found


def cost(roots: Sequence[psutil.Process]) -> tuple[dict[int, float], float]:
    """Return CPU seconds by process, and the memory that they alone hold, in GB."""
    seconds, held = {}, 0
    for process in family(roots):
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds[process.pid] = times.user + times.system
            held += process.memory_full_info().uss
    return seconds, held / 1e9


@contextmanager
def watched(roots: Sequence[psutil.Process], seen: dict[int, float]) -> Iterator[None]:
    """Keep CPU seconds by process, and under 0 the most memory: Ray ends the workers of a program with it."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            seconds, held = cost(roots)
            seen.update(seconds)
            seen[0] = max(seen.get(0, 0.0), held)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


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
    os.environ.update(SECRET, RAY_AUTH_TOKEN=secrets.token_hex(32))
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
