"""A trial: one set of settings tried, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import canonical_json, write_whole

__all__ = ["Journal", "State", "Trial"]

State = Literal["complete", "pruned", "failed"]


class Trial(BaseModel):
    """One finished trial.

    `score` is what the objective returned, or for a pruned trial the last score it reported; None when it failed.
    `curve` holds the score after each epoch, from the first. `seconds` is wall time, for reports only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    number: int
    state: State
    params: dict[str, Any]  # as Optuna knows them
    settings: dict[str, Any]  # as training takes them
    score: float | None = None
    curve: tuple[float, ...] = ()
    cause: str = ""
    seconds: float = 0.0

    def lasting(self) -> dict[str, Any]:
        """Return the trial without its time and Optuna's own spelling, so that equal searches give equal files."""
        return self.model_dump(mode="json", exclude={"seconds", "params"})


class Journal:
    """A file of finished trials, one JSON line each, that an interrupted search is resumed from.

    The first line names the search it belongs to; a file of another search is begun anew. A last line cut short by a
    kill is dropped.
    """

    def __init__(self, path: Path, search: str) -> None:
        self._path = path
        self._head = canonical_json({"search": search})

    def read(self) -> list[Trial]:
        """Return the finished trials in order and make the file ready for `append`."""
        lines = self._path.read_text().split("\n") if self._path.exists() else []
        trials: list[Trial] = []
        if lines[:1] == [self._head]:
            for line in lines[1:]:
                try:
                    trials.append(Trial.model_validate(json.loads(line)))
                except (ValueError, ValidationError):
                    break
        self._write(trials)
        return trials

    def append(self, trial: Trial) -> None:
        """Add one finished trial."""
        with self._path.open("a") as stream:
            stream.write(canonical_json(trial.model_dump(mode="json")) + "\n")

    def _write(self, trials: Sequence[Trial]) -> None:
        lines = [self._head, *(canonical_json(trial.model_dump(mode="json")) for trial in trials)]
        write_whole(self._path, ("\n".join(lines) + "\n").encode())
