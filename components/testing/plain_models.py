"""Plain models beside the candidate: a constant prediction and a linear model, scored on the same test rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from sevenfold.contracts.bundle import LINEAR, Bundle
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.evaluation import PlainModel
from sevenfold.contracts.schema import Task
from sevenfold.scoring.scorer import Scorer
from sevenfold.testing.bounds import Estimate, one_sided, two_sided
from sevenfold.testing.evidence import difference, measured
from sevenfold.testing.scored_rows import ScoredRows, predictions

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CONSTANT", "LINEAR_NAMES", "beside", "linear_rows"]

CONSTANT: Final = "constant prediction"
LINEAR_NAMES: Final = {
    Task.BINARY: "logistic regression",
    Task.MULTICLASS: "logistic regression",
    Task.REGRESSION: "ridge regression",
}
KNOWN: Final = frozenset({"roc_auc"})  # what a constant scores by definition, on any rows


def linear_rows(bundle: Bundle, labelled: pa.Table, truth: ScoredRows) -> ScoredRows | str:
    """Return the predictions of the bundle's linear model for the labelled test rows, or why there are none."""
    if bundle.linear_path is None:
        return "the bundle has none: it was trained by an earlier version, or elsewhere."
    try:
        sealed = bundle.manifest.files[LINEAR].sha256
        return ScoredRows(
            truth.truth, predictions(Scorer(bundle.linear_path, bundle.signature, sha256=sealed), labelled)
        )
    except SevenfoldError as error:
        return error.message


def beside(
    metric: str,
    candidate: tuple[ScoredRows, Estimate],
    other: ScoredRows | str,
    *,
    kind: Literal["constant", "linear"],
    name: str,
    threshold: float,
    confidence: float,
) -> PlainModel:
    """Return the score of a plain model with its interval, and how much better the candidate is.

    Args:
        metric: the main one.
        candidate: its predictions and its score.
        other: the plain model's predictions of the same rows, or why there are none.
        kind: what it is.
        name: what people call it.
        threshold: as in `score`; a linear model's is the candidate's, since both give probabilities.
        confidence: of the interval and of each bound.
    """
    if isinstance(other, str):
        return PlainModel(kind=kind, name=name, reason=other)
    rows, ours = candidate
    theirs = measured(metric, other, threshold=threshold)
    if kind == "constant" and metric in KNOWN:
        theirs = replace(theirs, influence=np.zeros_like(theirs.influence), exact=True)
    if not (np.isfinite(ours.value) and np.isfinite(theirs.value)):
        return PlainModel(kind=kind, name=name, reason=f"{metric} is not defined on these rows.")
    interval = None if theirs.exact else two_sided(theirs, confidence)
    gap = difference(metric, ours, theirs, exact=np.array_equal(rows.predicted, other.predicted))
    bounds = one_sided(gap, confidence)
    shown = PlainModel(kind=kind, name=name, score=theirs.value, interval=interval, gain=-gap.value)
    if bounds is None:
        return shown.model_copy(update={"reason": "too few rows for bounds of the difference."})
    verdict: Literal["better", "alike", "worse"] = "better" if bounds[1] < 0 else "worse" if bounds[0] > 0 else "alike"
    return shown.model_copy(update={"bounds": (-bounds[1], -bounds[0]), "verdict": verdict})
