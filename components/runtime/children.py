"""Processes that a stage starts: none outlives it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["started"]

PR_SET_PDEATHSIG: Final = 1
END_SECONDS: Final = 10.0


@contextmanager
def started(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[Any]]:
    """Start a process for the `with` block, and end it with the block or, on Linux, with this process.

    It gets SIGTERM first, so that it can end its own children, and Ctrl-C does not reach it.

    Args:
        command: program and arguments.
        log: file for what it writes.
        environment: of the process; None takes this one's.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - see below
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        process.kill()
        process.wait()


def _end_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies; runs between fork and exec, and takes no lock of Python's threads."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
