"""What a line of a local run's log says of its tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sevenfold.runtime.progress import Progress, parse_progress

__all__ = ["TaskEnded", "TaskStarted", "read_line"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STARTED = re.compile(r"Executing task '([^']+)'")
_ENDED = re.compile(r"Task '([^']+)' finished with status (\w+)")


@dataclass(frozen=True)
class TaskStarted:
    """A task began."""

    task: str


@dataclass(frozen=True)
class TaskEnded:
    """A task ended, well or not."""

    task: str
    succeeded: bool


def read_line(line: str) -> TaskStarted | TaskEnded | Progress | None:
    """Return the event that a log line reports, or None for everything else."""
    progress = parse_progress(line)
    if progress is not None:
        return progress
    plain = _COLOUR.sub("", line)
    if started := _STARTED.search(plain):
        return TaskStarted(started[1])
    if ended := _ENDED.search(plain):
        return TaskEnded(ended[1], ended[2] == "SUCCESS")
    return None
