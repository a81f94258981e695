"""The folder of one local run: `runs/<plan>/<n>/`.

================  =====================================================================
`plan.yaml`       the plan as it was
`run.json`        state, times, arguments, result
`log.txt`         everything every stage printed
`report.html`     one page, all stages
`artifacts/`      what each task made, as Kubeflow lays it out
`bundle` …        links to the artifacts worth opening
`error.json`      cause of a failure
================  =====================================================================
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.versioned import refuse_empty

__all__ = ["LINKS", "RunFolder"]

LINKS = {
    "dataset": ("prepare-data", "dataset"),
    "bundle": ("train-model", "bundle"),
    "evaluation": ("test-model", "evaluation"),
    "model-card.md": ("test-model", "summary"),
    "notebook.ipynb": ("explore-data", "notebook"),
    "watch": ("monitor-model", "watch"),
}


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; made by `create`, found again by its path."""

    path: Path

    @classmethod
    def create(cls, runs: Path, plan: str) -> RunFolder:
        """Make the next free `runs/<plan>/<n>`, safe against another run starting at the same moment."""
        home = runs / plan
        home.mkdir(parents=True, exist_ok=True)
        number = max((int(entry.name) for entry in home.iterdir() if entry.name.isdigit()), default=0)
        while True:
            number += 1
            try:
                (home / str(number)).mkdir()
            except FileExistsError:
                continue
            return cls((home / str(number)).resolve())

    @property
    def log(self) -> Path:
        """Everything the stages printed."""
        return self.path / "log.txt"

    @property
    def report(self) -> Path:
        """The page with all stages."""
        return self.path / "report.html"

    def artifact(self, task: str, output: str) -> Path | None:
        """Return what a task (`train-model`) left under an output's name, or None."""
        paths = sorted(self.path.glob(f"artifacts/*/{task}/{output}"))
        return paths[-1] if paths else None

    def error(self) -> dict[str, Any] | None:
        """Return the cause of a failure as the stage left it, or None."""
        path = self.path / "error.json"
        return _document(path) if path.is_file() else None

    def forget_error(self) -> None:
        """Remove the cause of a failure."""
        (self.path / "error.json").unlink(missing_ok=True)

    def values(self) -> dict[str, Any]:
        """Return what `run.json` holds.

        Raises:
            IntegrityError: ``unknown_format`` where that is no JSON.
        """
        path = self.path / "run.json"
        return _document(path) if path.is_file() else {}

    def record(self, **values: Any) -> None:
        """Add values to `run.json`."""
        path = self.path / "run.json"
        write_whole(path, (json.dumps({**self.values(), **values}, indent=2, ensure_ascii=False) + "\n").encode())

    def link(self) -> None:
        """Link the artifacts worth opening under plain names."""
        for name, (task, output) in LINKS.items():
            target, link = self.artifact(task, output), self.path / name
            if target is not None and not link.is_symlink():
                link.symlink_to(os.path.relpath(target, self.path))

    def discard_task(self, task: str) -> None:
        """Remove what a task left that did not finish."""
        for folder in self.path.glob(f"artifacts/*/{task}"):
            shutil.rmtree(folder, ignore_errors=True)


def _document(path: Path) -> dict[str, Any]:
    content, name = path.read_bytes(), f"{path.parent.name}/{path.name}"
    refuse_empty(content, name)
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError) as error:
        raise IntegrityError(
            "unknown_format", f"{name} must be a JSON object, but is not.", remedy="Start the run again."
        ) from error
