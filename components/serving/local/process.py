"""A process told apart from a later one with the same number: by when it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

__all__ = ["end_process", "is_running", "start_of"]

START_FIELD = 19  # of /proc/PID/stat, counted after the name
TERM_SECONDS = 10.0
KILL_SECONDS = 5.0


def start_of(pid: int) -> str:
    """Return when a process started, in words of the operating system that never change; "" if there is none."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own ended child would otherwise look alive
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self").exists() else _start_by_ps(pid)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[START_FIELD]


def is_running(pid: int, started: str) -> bool:
    """Whether the process that `start_of` once saw still runs."""
    return bool(started) and start_of(pid) == started


def end_process(pid: int, started: str) -> bool:
    """End a process with SIGTERM, after ten seconds with SIGKILL; return whether there was one to end."""
    if not is_running(pid, started):
        return False
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_running(pid, started):
                return True
            time.sleep(0.02)
    return True


def _start_by_ps(pid: int) -> str:
    told = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    state, _, started = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
