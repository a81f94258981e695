"""The only place that reads the environment: where a stage runs and what it may leave there.

==========================  ==========================================================================
`SEVENFOLD_RUN_DIR`         folder of a local run; unset on a cluster
`SEVENFOLD_TRACEBACK`       1 shows tracebacks of failures
`KUBERNETES_SERVICE_HOST`   set by Kubernetes in every pod
==========================  ==========================================================================
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["RUN_DIR", "in_cluster", "registry_folder", "run_folder", "wants_traceback"]

RUN_DIR = "SEVENFOLD_RUN_DIR"


def run_folder() -> Path | None:
    """Return the folder of the local run this process belongs to, or None."""
    value = os.environ.get(RUN_DIR, "")
    return Path(value) if value else None


def registry_folder() -> Path | None:
    """Return the folder that remembers what was promoted, beside the runs of the same plan, or None."""
    folder = run_folder()
    return folder.parent / "registry" if folder else None


def in_cluster() -> bool:
    """Whether this process runs in a Kubernetes pod."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def wants_traceback() -> bool:
    """Whether failures show their traceback."""
    return os.environ.get("SEVENFOLD_TRACEBACK", "") == "1"
