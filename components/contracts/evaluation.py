"""The evaluation folder: the results of testing a bundle, and the decision.

=====================  ==============================================================================
`evaluation.json`      `Evaluation`
`predictions.parquet`  the test rows' predictions in the order of `test.parquet`: columns `p0` … `p<C-1>`
                       (float32, one per class) or `value` (float64)
`manifest.json`        digest, bytes and rows of both
=====================  ==============================================================================

Like a bundle, it holds no time, path or host, so equal inputs give an equal digest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.schema import Task

__all__ = ["EVALUATION_FILES", "FORMAT_VERSION", "Evaluation", "GateResult", "Interval", "SliceResult", "Verdict"]

FORMAT_VERSION = 1
EVALUATION_FILES: Final = ("evaluation.json", "predictions.parquet")

Interval = tuple[float, float]
Verdict = Literal["passed", "refused", "not_judged"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GateResult(_Part):
    """One gate: what was measured, against what, and the verdict in a sentence.

    `kind` is limit (of the plan), baseline (a constant prediction), overfitting, slice, serving (the model now
    serving) or best (the best ever promoted). `value` is None where it could not be computed.
    """

    kind: Literal["limit", "baseline", "overfitting", "slice", "serving", "best"]
    name: str
    metric: str
    value: float | None
    limit: float | None
    interval: Interval | None = None
    verdict: Verdict
    sentence: str


class SliceResult(_Part):
    """The main metric on the rows of one slice; `score` is None where it is undefined there."""

    column: str
    value: str
    rows: int
    score: float | None
    interval: Interval | None = None


class Evaluation(_Part):
    """The content of `evaluation.json`: the test results of one bundle, and the decision."""

    version: int = FORMAT_VERSION
    name: str  # the plan's name
    task: Task
    metric: str  # the main one
    decision: Literal["promote", "refuse"]
    sentence: str = ""  # the decision and its reasons, for people
    digests: dict[str, str]  # bundle, dataset
    rows: dict[str, int]  # test: rows with a truth; train: sampled rows
    classes: tuple[str, ...] = ()  # as they may be shown
    threshold: float = 0.5
    scores: dict[str, float]  # every metric of the task that is defined, on the test rows
    train_scores: dict[str, float] = {}
    baseline_scores: dict[str, float] = {}  # of a constant prediction, on the test rows
    intervals: dict[str, Interval] = {}  # of the metrics that decide
    gates: tuple[GateResult, ...] = ()
    slices: tuple[SliceResult, ...] = ()
    importance: dict[str, float] = {}  # loss of the main metric when a feature is permuted, largest first
    confusion: tuple[tuple[int, ...], ...] = ()  # rows: true class, columns: predicted class

    @classmethod
    def open(cls, folder: Path) -> Evaluation:
        """Verify an evaluation folder and read `evaluation.json`.

        Raises:
            IntegrityError: whatever `verify` raises, ``missing_file``, ``unknown_format``.
        """
        manifest = verify(folder)
        missing = [name for name in EVALUATION_FILES if name not in manifest.files]
        if missing:
            raise IntegrityError("missing_file", f"An evaluation holds {list(EVALUATION_FILES)}, but lacks {missing}.")
        try:
            evaluation = cls.model_validate_json((folder / "evaluation.json").read_bytes())
        except ValidationError as error:
            raise IntegrityError(
                "unknown_format",
                f"Evaluation format {FORMAT_VERSION} is read, but evaluation.json is another.",
                remedy="Install the Sevenfold version that wrote it, or a newer one.",
            ) from error
        if evaluation.version != FORMAT_VERSION:
            raise IntegrityError(
                "unknown_format",
                f"Evaluation format {FORMAT_VERSION} is read, but got {evaluation.version}.",
                remedy="Install a newer Sevenfold.",
            )
        return evaluation

    def save(self, folder: Path, *, rows: int) -> str:
        """Write `evaluation.json` beside the `rows` rows of `predictions.parquet`, seal both, return the digest."""
        write_json(folder / "evaluation.json", self.model_dump(mode="json"))
        return seal(folder, expected=EVALUATION_FILES, rows={"predictions.parquet": rows})
