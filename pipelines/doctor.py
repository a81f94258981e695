"""What this machine lacks for a local run, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Check", "diagnose", "local_checks"]

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


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is fine, what was found, what mends it."""

    name: str
    fine: bool
    found: str
    remedy: str = ""


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


def diagnose(console: Console) -> int:
    """Print every check and return 0 if all are fine, else 1."""
    checks = list(local_checks())
    for check in checks:
        mark = "[green]✓[/]" if check.fine else "[red]✗[/]"
        console.print(f"{mark} {check.name:<18} {check.found}", highlight=False)
        if not check.fine:
            console.print(f"    mend it: {check.remedy}", style="bold", highlight=False, markup=False)
    return 0 if all(check.fine for check in checks) else 1
