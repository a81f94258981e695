"""A run on Vertex AI as it is known here: its name, its plan's, its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sevenfold.pipelines.runs import RunFolder

__all__ = ["BUNDLE_LABEL", "DIGEST_LABEL", "PLAN_LABEL", "VertexRun", "run_folder"]

# The labels that runs, models and endpoints have of us.
PLAN_LABEL: Final = "sevenfold-plan"
DIGEST_LABEL: Final = "sevenfold-version"
BUNDLE_LABEL: Final = "sevenfold-bundle"


@dataclass(frozen=True)
class VertexRun:
    """A run that was started: the name of its job, that of its plan, the folder here."""

    run: str
    name: str
    folder: RunFolder


def run_folder(home: Path, run: str) -> RunFolder:
    """Return the folder of a run on Vertex AI below `home`, made where it is not there."""
    path = home / f"vertex-{run.removeprefix(f'{home.name}-')}"
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path.resolve())
