"""A process of this machine, identified by its number and by when it started: a later process may get the same number.

The start time is a text that stays the same as long as the process lives. On Linux it is the number of clock ticks from
boot to the start, such as ``48213``, which setting the clock does not change; elsewhere seconds since the epoch, such
as ``1764227068.250``. A text in any other form matches no process.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, Final

from sevenfold.contracts.errors import MissingExtraError
from sevenfold.runtime.waiting import wait_until

__all__ = ["end_process", "is_running", "start_of"]

POLL_SECONDS: Final = 0.02
TERM_SECONDS: Final = 10.0
KILL_SECONDS: Final = 5.0


def start_of(pid: int) -> str:
    """Return when a process started, as a text that never changes; "" if there is none, or it has ended."""
    psutil = _psutil()
    if pid <= 0:  # to the system, a group of processes
        return ""
    with contextlib.suppress(ChildProcessError, OverflowError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that has ended goes away only when it is waited for
    boot = psutil.boot_time()  # read first: psutil 5 adds the boot time that it read last to the ticks
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return ""
        created = process.create_time()
    except (psutil.Error, OverflowError):
        return ""
    return str(round((created - boot) * os.sysconf("SC_CLK_TCK"))) if psutil.LINUX else f"{created:.3f}"


def is_running(pid: int, started: str) -> bool:
    """Whether the process with this number and this `start_of` still runs."""
    return bool(started) and start_of(pid) == started


def end_process(pid: int, started: str) -> bool:
    """End a process with SIGTERM, after ten seconds with SIGKILL; return whether there was one to end."""
    if not is_running(pid, started):
        return False
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        with contextlib.suppress(TimeoutError):
            return wait_until(
                lambda: not is_running(pid, started), pause_seconds=POLL_SECONDS, patience_seconds=seconds
            )
    return True


def _psutil() -> Any:
    try:
        import psutil
    except ImportError as error:
        raise MissingExtraError("psutil", "local") from error
    return psutil
