"""Runs that were submitted from here: found again by their id, and the target that they run on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.targets import DEFAULT_TARGET

__all__ = ["KnownRun", "find_known_run", "last_run"]


@dataclass(frozen=True)
class KnownRun:
    """A run that was submitted from here: its id, its plan's name, its target, its folder and what `run.json` says."""

    run: str
    name: str
    target: str
    folder: RunFolder
    values: dict[str, Any]


def find_known_run(wanted: str, runs: Path) -> KnownRun | None:
    """Return the one run that is meant, or None where none was submitted from here.

    Args:
        wanted: the run's id, the first letters of it, or the run's folder.
        runs: folder of the runs.

    Raises:
        PolicyError: ``run_ambiguous``; ``run_damaged`` where the folder's own record cannot be read.
    """
    own = Path(wanted) / "run.json"
    if own.is_file():
        if (known := _read(own)) is None:
            raise PolicyError(
                "run_damaged",
                f"{own} must hold the record of a run, but cannot be read.",
                remedy="Follow the run by its id, with --target.",
            )
        return known
    name = Path(wanted).name
    records = (_read(path) for path in sorted(runs.glob("*/*-*/run.json")))
    matches = [known for known in records if known and (known.run.startswith(name) or known.folder.path.name == name)]
    if len(matches) > 1:
        raise PolicyError(
            "run_ambiguous",
            f"{wanted!r} must name one run, but {len(matches)} begin so.",
            remedy="Give more of its id.",
        )
    return matches[0] if matches else None


def last_run(name: str, target: str, runs: Path) -> RunFolder | None:
    """Return the folder of the last run of a plan that was submitted to a target, or None."""
    records = (_read(path) for path in (runs / name).glob("*-*/run.json"))
    known = [one for one in records if one and one.target == target and (one.folder.path / "plan.yaml").is_file()]
    return max(known, key=lambda one: str(one.values.get("started", ""))).folder if known else None


def _read(record: Path) -> KnownRun | None:
    """Return a run by its record; None where that is damaged, as a process that was killed may leave it."""
    try:
        values = json.loads(record.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict):
        return None
    folder = RunFolder(record.parent.resolve())
    return KnownRun(
        str(values.get("run", "")), folder.path.parent.name, values.get("target", DEFAULT_TARGET), folder, values
    )
