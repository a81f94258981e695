"""The cause of a failed task: the JSON line that its stage printed last, or what is left where it printed none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.pipelines.runs import RunFolder

__all__ = ["SILENT", "cause_of", "is_cause", "keep_cause"]

SILENT: Final = "no_cause"
KEYS: Final = frozenset({"stage", "code", "message", "remedy", "exit_status"})


def cause_of(log: str) -> dict[str, Any] | None:
    """Return the cause that a failed stage printed last, or None."""
    for line in reversed(log.splitlines()):
        if line.startswith("{") and '"exit_status"' in line:
            try:
                cause = json.loads(line)
            except ValueError:
                continue
            if is_cause(cause):
                return dict(cause)
    return None


def is_cause(document: Any) -> bool:
    """Whether a JSON document is the cause of a failure, as `stage_boundary` prints it."""
    return isinstance(document, Mapping) and set(document) >= KEYS


def keep_cause(folder: RunFolder, causes: list[dict[str, Any]], link: str) -> None:
    """Write the first cause of a run's failure to `error.json`, with the run's page; none writes nothing."""
    if causes:
        # a task that failed in silence may have done so because of another one
        first = min(causes, key=lambda cause: bool(cause["code"] == SILENT))
        write_whole(folder.path / "error.json", (json.dumps({**first, "link": link}) + "\n").encode())
