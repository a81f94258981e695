"""The processes of a local run: tasks, a notebook's kernel, the predictor, and what any of them started."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any, Final

from sevenfold.runtime.environment import RUN_DIR

__all__ = ["end_processes", "processes_of"]

GRACE_SECONDS: Final = 0.7  # after SIGTERM: enough to write a checkpoint
KILL_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.02


def processes_of(folder: Path) -> list[Any]:
    """Return the processes that a run started, as psutil has them, without this one.

    Each inherits the run's folder in its environment, also one that left its parent's group or outlived it.
    """
    import psutil

    named = str(folder)
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(RUN_DIR) == named and process.pid != os.getpid()
    ]


def end_processes(folder: Path) -> None:
    """End every process of a run: SIGTERM, and SIGKILL for what is left after 0.7 seconds."""
    import psutil

    kill_at = time.monotonic() + GRACE_SECONDS
    asked: set[Any] = set()
    while (now := time.monotonic()) < kill_at + KILL_SECONDS and (alive := processes_of(folder)):
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                if now >= kill_at:
                    process.kill()
                elif process not in asked:
                    process.terminate()
                    asked.add(process)
        time.sleep(POLL_SECONDS)
