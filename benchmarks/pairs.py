"""Alternating pairs of two measurements, and the one line that tells their ratio."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable

__all__ = ["PINNED", "children_cpu", "compare"]

# One thread each, so that CPU time is work and not waiting.
PINNED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


def children_cpu(command: list[str], **environment: str) -> float:
    """Run a command to its end and return the CPU seconds of it and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(
    title: str, ours: Callable[[], float], peer: Callable[[], float], *, unit: str, pairs: int = 5
) -> tuple[list[float], list[float]]:
    """Measure A-B-A-B, print ``title: ours / peer = ratio (min–max)`` and return both series."""
    a, b = [], []
    for _ in range(pairs):
        a.append(ours())
        b.append(peer())
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    print(
        f"{title}: {statistics.median(a):.3g} / {statistics.median(b):.3g} {unit}"
        f" = {statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f})",
        flush=True,
    )
    return a, b
