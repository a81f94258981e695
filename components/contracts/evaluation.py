"""The evaluation folder: the results of testing a bundle, and the decision.

=====================  ==============================================================================
`evaluation.json`      `Evaluation`
`predictions.parquet`  the test rows' predictions in the order of the dataset: columns `p0` … `p<C-1>`
                       (float32, one per class) or `value` (float64)
`manifest.json`        digest, bytes and rows of both
=====================  ==============================================================================

Like a bundle, it holds no time, path or host, so equal inputs give an equal digest. Format 2 added what is undecided,
format 3 what decisions cost, and the plain models beside the candidate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.schema import Task
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.contracts.versioned import read_versioned

__all__ = [
    "EVALUATION_FILES",
    "FORMAT_VERSION",
    "Evaluation",
    "GateResult",
    "Interval",
    "PlainModel",
    "SliceResult",
    "Undecided",
    "Verdict",
]

FORMAT_VERSION = 3
EVALUATION_FILES: Final = ("evaluation.json", "predictions.parquet")

Interval = tuple[float, float]
Verdict = Literal["passed", "refused", "undecided", "not_judged"]
Undecided = Literal["hold", "keep"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GateResult(_Part):
    """One gate: what was measured, against what, and the verdict in a sentence.

    `kind` is limit (of the plan), baseline (a constant prediction), overfitting, slice, serving (the model now
    serving), best (the best ever promoted), classes (how many are predicted), cost (against a constant decision) or
    suspect (a score too good to be true). `value` is None where it could not be computed. `interval` holds its lower
    and its upper bound, each at the plan's confidence; format 1 held the ends of a two-sided interval.
    `undecided` means that the rows show neither that the limit holds nor that it does not.
    """

    kind: Literal["limit", "baseline", "overfitting", "slice", "serving", "best", "classes", "cost", "suspect"]
    name: str
    metric: str
    value: float | None
    limit: float | None
    interval: Interval | None = None
    verdict: Verdict
    sentence: str
    resolves: float | None = None  # the smallest difference that these rows could show, in the unit of `value`
    rows_needed: int | None = None  # about how many rows would show what is undecided


class PlainModel(_Part):
    """A model without any learning to speak of, on the same test rows: what the candidate's score is worth.

    `kind` is constant (the best prediction that uses no feature) or linear (logistic or ridge regression on the same
    inputs). `gain` is how much better the candidate is, of rmse and mae as a share of the plain model's, and `bounds`
    are its lower and its upper bound, each at the plan's confidence. `verdict` says of the candidate that it is shown
    to be better, to be worse, or neither (alike); unknown where it cannot be compared, and `reason` says why.
    """

    kind: Literal["constant", "linear"]
    name: str
    score: float | None = None
    interval: Interval | None = None  # two-sided, as those of the candidate
    gain: float | None = None
    bounds: Interval | None = None
    verdict: Literal["better", "alike", "worse", "unknown"] = "unknown"
    reason: str = ""


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
    decision: Literal["promote", "refuse", "undecided"]
    undecided: Undecided = "hold"  # what the plan makes of undecided: a person decides, or the serving model stays
    sentence: str = ""  # the decision and its reasons, for people
    digests: dict[str, str]  # bundle, dataset
    rows: dict[str, int]  # test: rows with a truth; train: sampled rows
    classes: tuple[str, ...] = ()  # as they may be shown
    threshold: float = DEFAULT_THRESHOLD  # binary: the bundle's
    cost_per_row: dict[str, float] = {}  # by the plan's costs, on the test rows: model, always_no, always_yes
    scores: dict[str, float]  # every metric of the task that is defined, on the test rows
    train_scores: dict[str, float] = {}
    baseline_scores: dict[str, float] = {}  # of a constant prediction, on the test rows
    linear_scores: dict[str, float] = {}  # of a linear model, on the test rows
    plain: tuple[PlainModel, ...] = ()  # by the main metric: a constant prediction, a linear model
    confidence: float = 0.95  # of intervals and bounds
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
        return read_versioned(folder / "evaluation.json", cls, FORMAT_VERSION)

    @property
    def waits(self) -> bool:
        """Whether a person must decide: the model may be deployed, and gets no traffic before."""
        return self.decision == "undecided" and self.undecided == "hold"

    def save(self, folder: Path, *, rows: int) -> str:
        """Write `evaluation.json` beside the `rows` rows of `predictions.parquet`, seal both, return the digest."""
        write_json(folder / "evaluation.json", self.model_dump(mode="json"))
        return seal(folder, expected=EVALUATION_FILES, rows={"predictions.parquet": rows})
