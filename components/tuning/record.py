"""The study folder: the best settings and every trial, sealed for training.

===============  =========================================================================================
`best.json`      `settings` (those of the plan with the best trial's on top) and `score` (null when the
                 search was skipped)
`trials.json`    every trial in order: number, state, settings, score, curve, cause of a failure
`manifest.json`  digest and bytes of both
===============  =========================================================================================

No time is in it, so equal searches give an equal digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.manifest import seal
from sevenfold.tuning.study import Study

__all__ = ["best_settings", "write_study"]


def best_settings(study: Study, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan's training settings with those of the best trial on top."""
    return {**settings, **(study.best.settings if study.best else {})}


def write_study(study: Study, settings: Mapping[str, Any], folder: Path) -> str:
    """Write and seal the study folder, and return its digest; `settings` are the plan's training settings."""
    folder.mkdir(parents=True, exist_ok=True)
    score = study.best.score if study.best else None
    write_json(folder / "best.json", {"settings": best_settings(study, settings), "score": score})
    write_json(folder / "trials.json", [trial.lasting() for trial in study.trials])
    return seal(folder, expected=("best.json", "trials.json"))
