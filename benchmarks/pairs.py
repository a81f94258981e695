"""Two measurements in turn, and the CPU time of a command."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row

__all__ = ["PINNED", "children_cpu", "compare", "progress"]

# One thread each, so that CPU time is work and not waiting.
PINNED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


def children_cpu(command: list[str], *, folder: Path | None = None, **environment: str) -> float:
    """Run a command to its end, in `folder`, and return the CPU seconds of it and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(
    name: str, ours: Callable[[], float], peer: Callable[[], float], *, pairs: int = 5, quick: bool = False
) -> Row:
    """Measure both in turn, A-B-A-B, and return the row; `quick` measures one pair."""
    a, b = [], []
    for number in range(1 if quick else pairs):
        progress(f"{name}: pair {number + 1} of {1 if quick else pairs}")
        a.append(ours())
        b.append(peer())
    return Row(name, a, b, quick=quick)


def progress(message: str) -> None:
    """Print what is measured now, on stderr."""
    print(message, file=sys.stderr, flush=True)
