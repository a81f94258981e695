"""The study folder that tuning writes for training.

===============  =========================================================================================
`best.json`      `Best`
`trials.json`    every trial in order: number, state, settings, score, curve, cause of a failure
`manifest.json`  digest and bytes of both
===============  =========================================================================================

No time is in it, so equal searches give an equal digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal, verify

__all__ = ["BEST_FILE", "TRIALS_FILE", "Best"]

BEST_FILE: Final = "best.json"
TRIALS_FILE: Final = "trials.json"


class Best(BaseModel):
    """The kind of model to train, and its settings: those of the plan with the best trial's on top.

    `model` is empty where the plan leaves no choice or the search was skipped; `score` is the best trial's, None where
    the search was skipped. `warm_start` is the digest of the earlier study whose settings were tried first, if any.
    """

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    model: str = ""
    score: float | None = None
    warm_start: str = ""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Verify a study folder and read `best.json`.

        Raises:
            IntegrityError: whatever `verify` raises; ``missing_file``, ``unknown_format``.
        """
        manifest = verify(folder)
        remedy = "Run tuning again."
        if BEST_FILE not in manifest.files:
            raise IntegrityError("missing_file", f"A study must hold {BEST_FILE}, but does not.", remedy=remedy)
        try:
            return cls.model_validate_json((folder / BEST_FILE).read_bytes())
        except ValidationError as error:
            raise IntegrityError(
                "unknown_format", f"{BEST_FILE} must hold settings and a score, but does not.", remedy=remedy
            ) from error

    def save(self, folder: Path, trials: Sequence[Mapping[str, Any]]) -> str:
        """Write and seal the study folder with these trials, and return its digest."""
        folder.mkdir(parents=True, exist_ok=True)
        # left out where there is none, so that the studies of before this field keep their digest
        written = self.model_dump(mode="json", exclude=set() if self.warm_start else {"warm_start"})
        write_json(folder / BEST_FILE, written)
        write_json(folder / TRIALS_FILE, list(trials))
        return seal(folder, expected=(BEST_FILE, TRIALS_FILE))
