"""A trial: one set of settings and its score."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import canonical_json
from sevenfold.runtime.checkpoint import Checkpoints, Draft

__all__ = ["JOURNAL", "Journal", "State", "Trial"]

JOURNAL: Final = "trials.jsonl"
State = Literal["complete", "pruned", "failed"]


class Trial(BaseModel):
    """One finished trial.

    `score` is what the objective returned, or for a pruned trial the last score it reported; None when it failed.
    `curve` holds the score after each epoch, from the first. `seconds` is wall time, for reports only. `latency_ms` is
    the time of a prediction where it was measured, for the choice and for reports.
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
    latency_ms: float | None = None

    def record(self) -> dict[str, Any]:
        """Return the trial without its times and Optuna's own spelling, so that equal searches give equal files."""
        return self.model_dump(mode="json", exclude={"seconds", "params", "latency_ms"})


class Journal:
    """The finished trials of a search, one JSON line each, that an interrupted search is resumed from.

    The first line names the search; a journal of another search is discarded.

    Args:
        checkpoints: where it is kept.
        search: digest of what decides the trials.
        name: of its file.
    """

    def __init__(self, checkpoints: Checkpoints, search: str, name: str = JOURNAL) -> None:
        # a trial is worth more than an epoch: each is written, unless writing took a tenth of the time
        self._draft = Draft(checkpoints, name, of=search, seconds=0.0, share=0.1)
        self._lines: list[str] = []

    def read(self) -> list[Trial]:
        """Return the finished trials in order."""
        trials: list[Trial] = []
        for line in (self._draft.read() or b"").decode().splitlines():
            try:
                trials.append(Trial.model_validate(json.loads(line)))
            except (ValueError, ValidationError):
                break
        self._lines = [canonical_json(trial.model_dump(mode="json")) for trial in trials]
        return trials

    def append(self, trial: Trial) -> None:
        """Add one finished trial."""
        self._lines.append(canonical_json(trial.model_dump(mode="json")))
        self._draft.offer(("\n".join(self._lines) + "\n").encode)

    def flush(self) -> None:
        """Write what is not written yet."""
        self._draft.flush()
