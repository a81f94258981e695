"""Progress of a stage: one JSON line each on standard output, which a log keeps and `sevenfold run` draws."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sevenfold.contracts.canonical import canonical_json

__all__ = ["PREFIX", "OnMessage", "OnProgress", "Progress", "parse_progress", "report_progress"]

OnMessage = Callable[[str], None]
OnProgress = Callable[[str, int, int], None]  # message, done, total

PREFIX = "sevenfold-progress "


@dataclass(frozen=True)
class Progress:
    """How far a stage is: `done` of `total` steps (0 where the total is unknown) and a word for people."""

    stage: str
    message: str
    done: int = 0
    total: int = 0


def report_progress(stage: str, message: str, *, done: int = 0, total: int = 0) -> None:
    """Print one progress line, flushed, so that whoever follows the log sees it at once."""
    line = PREFIX + canonical_json(asdict(Progress(stage, message, done, total)))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def parse_progress(line: str) -> Progress | None:
    """Return the progress that a log line holds, wherever in the line it starts, or None."""
    import json

    start = line.find(PREFIX)
    if start < 0:
        return None
    try:
        return Progress(**json.loads(line[start + len(PREFIX) :]))
    except (ValueError, TypeError):
        return None
