"""A fit as a folder: what the processes that fit together read, and what they leave there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sevenfold.contracts.canonical import canonical_json, write_whole
from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.contracts.transform import Target
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import ModelSignature
from sevenfold.training.pytorch.tensors import Rows, Tensors

__all__ = ["Job", "JobFolder"]

SPLITS: Final = ("train", "validation")
PARTS: Final = ("numeric", "categorical", "target")


@dataclass(frozen=True)
class Job:
    """What a fit is given: see `pytorch.fit.fit`."""

    tensors: Tensors
    section: TrainingSection
    metric: str


class JobFolder:
    """The folder of one fit; the first process writes the state of the fit and the scores, the others only read.

    Args:
        path: a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "log"
        self._rows, self._job = path / "rows.safetensors", path / "job.json"
        self._state, self._scores, self._error = path / "state", path / "scores", path / "error.json"

    def write_job(self, job: Job) -> None:
        """Write the rows and all else."""
        from safetensors.torch import save_file

        rows = {split: getattr(job.tensors, split) for split in SPLITS}
        save_file({f"{split}.{part}": getattr(rows[split], part) for split in SPLITS for part in PARTS}, self._rows)
        content = {
            "signature": job.tensors.signature.model_dump(mode="json"),
            "target": job.tensors.target.model_dump(mode="json"),
            "section": job.section.model_dump(mode="json"),
            "metric": job.metric,
            "rule": job.tensors.rule and job.tensors.rule.model_dump(mode="json"),
        }
        write_whole(self._job, canonical_json(content).encode())

    def read_job(self) -> Job:
        """Read what `write_job` wrote; the rows are mapped, so processes share them."""
        from safetensors.torch import load_file

        rows, given = load_file(self._rows), json.loads(self._job.read_bytes())
        train, validation = (Rows(*(rows[f"{split}.{part}"] for part in PARTS)) for split in SPLITS)
        signature, target = ModelSignature.model_validate(given["signature"]), Target.model_validate(given["target"])
        rule = None if given["rule"] is None else ThresholdRule.model_validate(given["rule"])
        return Job(
            Tensors(train, validation, signature, target, rule),
            TrainingSection.model_validate(given["section"]),
            given["metric"],
        )

    def read(self) -> bytes | None:
        """Return the last state of the fit, or None: a `Progress` for the processes."""
        return self._state.read_bytes() if self._state.exists() else None

    def offer(self, content: Callable[[], bytes | None]) -> None:
        """Keep the state after an epoch.

        Raises:
            TrainingError: ``state_not_tensors`` where it cannot be kept.
        """
        state = content()
        if state is None:
            raise TrainingError(
                "state_not_tensors",
                "A network that several processes fit must have a state_dict of tensors alone, but it holds more.",
                remedy="Keep what is no tensor out of the state_dict, or write training.processes: 1.",
            )
        self.write_state(state)

    def write_state(self, state: bytes) -> None:
        """Write a state as the last one."""
        write_whole(self._state, state)

    def add_score(self, number: int, score: float) -> bool:
        """Write the score of an epoch, whose state is written: an `OnEpoch` for the first process."""
        with self._scores.open("a") as stream:
            stream.write(canonical_json({"epoch": number, "score": score}) + "\n")
        return True

    def scores(self, seen: int) -> Iterator[tuple[int, float]]:
        """Yield number and score of the epochs that ended, without the first `seen`."""
        lines = self._scores.read_text().splitlines(keepends=True) if self._scores.exists() else []
        for line in lines[seen:]:
            if line.endswith("\n"):
                ended = json.loads(line)
                yield ended["epoch"], ended["score"]

    def write_error(self, error: SevenfoldError) -> None:
        """Write why a process ended; the first cause stays."""
        try:
            with self._error.open("x") as stream:
                stream.write(canonical_json({"code": error.code, "message": error.message, "remedy": error.remedy}))
        except FileExistsError:
            return

    def error(self) -> TrainingError:
        """Return why the processes ended: the cause that one wrote, or the last line of the log."""
        if self._error.exists():
            cause = json.loads(self._error.read_bytes())
            return TrainingError(cause["code"], cause["message"], remedy=cause["remedy"])
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
        return TrainingError(
            "processes_ended",
            f"The processes of the fit must go on to its end, but one ended early: {last[:500]}",
            remedy="Give the stage more memory, or write training.processes: 1.",
        )
