"""What this machine lacks for a local run, and a target for a run there, with the command that fixes it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from sevenfold.pipelines.check import Check
from sevenfold.pipelines.ray_checks import ray_checks

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.plan import Plan

__all__ = ["diagnose", "local_checks", "show_check"]

PACKAGES = {
    "polars": "prepare",
    "nbclient": "explore",
    "pandas": "explore",
    "optuna": "tune",
    "torch": "train",
    "onnx": "train",
    "onnxruntime": "serve",
    "prometheus-client": "monitor",
    "kserve": "deploy",
    "kfp": "pipeline",
    "vl-convert-python": "report",
}
NEEDED_DISK_GB = 2


def local_checks() -> Iterator[Check]:
    """Yield what a local run needs: Python, a package per stage, disk, memory."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python ≥ 3.11", sys.version_info >= (3, 11), version, "uv venv --python 3.11")
    for package, extra in PACKAGES.items():
        try:
            yield Check(package, True, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Check(package, False, "not installed", f"pip install 'sevenfold[{extra}]'")
    free = shutil.disk_usage(os.getcwd()).free / 1e9
    yield Check("disk", free >= NEEDED_DISK_GB, f"{free:.0f} GB free", f"Free {NEEDED_DISK_GB} GB here.")


MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def diagnose(console: Console, plan: Plan | None = None, checks: Iterable[Check] = ()) -> int:
    """Print every check and return 1 if one failed, else 0; what could not be checked does not fail.

    Args:
        console: where to print.
        plan: what is to run, where it is known.
        checks: those of the target it is to run on; none checks this machine alone.
    """
    failed = False
    for check in chain(local_checks(), ray_checks(plan), checks):
        failed = failed or check.fine is False
        show_check(console, check)
    return 1 if failed else 0


def show_check(console: Console, check: Check) -> None:
    """Print a check on one line, and on a second one what fixes it."""
    console.print(f"{MARKS[check.fine]} {check.name:<18} {check.finding}", highlight=False, soft_wrap=True)
    if not check.fine and check.remedy:
        console.print(f"    fix it: {check.remedy}", style="bold", highlight=False, markup=False, soft_wrap=True)
