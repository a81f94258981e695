"""What a retrained model must show beyond other candidates: better on the newest rows, and no worse on the earlier.

The rows are told apart by their content, so it does not matter how either table was split or in which order it stands:

- *newest*: test rows of this dataset that stand nowhere in the serving model's. On them the candidate must be shown to
  be better than the serving model, since a retraining that gains nothing is not worth a change, and better than a
  constant prediction: where targets are spoilt, two models that know nothing may still differ by chance.
- *earlier*: test rows of the serving model that the candidate was not fitted on. On them it may lose no more than
  `max_forgetting`, so that a spoilt window cannot replace what was learnt from all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.evaluation import GateResult
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.plan.metrics import NO_BASELINE
from sevenfold.plan.testing import TestingSection
from sevenfold.scoring.truth import truth_of
from sevenfold.tables.row_keys import row_keys
from sevenfold.testing import gates
from sevenfold.testing.evidence import difference, measured
from sevenfold.testing.scored_rows import ScoredRows, constant, open_scorer, predictions

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EARLIER", "NEWEST", "NEWEST_CONSTANT", "earlier_gates", "not_retrained"]

NEWEST: Final = "better on the newest rows"
NEWEST_CONSTANT: Final = "better than a constant on the newest rows"
EARLIER: Final = "no worse on the earlier rows"
FITTED: Final = ("train", "validation")


def earlier_gates(
    candidate: Bundle, serving: Bundle, dataset: Dataset, earlier: Earlier, metric: str, section: TestingSection
) -> list[GateResult]:
    """Judge a retrained candidate by the serving model, on the newest test rows and on the earlier ones.

    Args:
        candidate: the bundle that was trained on `dataset`.
        serving: the bundle that serves.
        dataset: of this retraining.
        earlier: the serving model's dataset.
        metric: the main metric.
        section: confidence.

    Raises:
        IntegrityError: if the earlier dataset is not what was sealed.
    """
    before = earlier.open()
    compared = sorted(set(dataset.schema.columns) & set(before.schema.columns))
    newest = _without(dataset.table("test"), [before.table(split) for split in (*FITTED, "test")], compared)
    kept = _without(before.table("test"), [dataset.table(split) for split in FITTED], compared)
    kept_result = _judged(candidate, serving, kept, metric, section, margin=earlier.max_forgetting)
    return [
        _newest(_judged(candidate, serving, newest, metric, section, margin=0.0), newest.num_rows, NEWEST),
        *_beyond_constant(candidate, newest, metric, section),
        _earlier(kept_result, kept.num_rows),
    ]


def not_retrained(metric: str, reason: str, section: TestingSection) -> GateResult:
    """Return the gate of a retraining that nothing tells what the serving model was tested on: undecided."""
    result = gates.not_compared("serving", metric, reason, section)
    return result.model_copy(update={"name": EARLIER})


def _judged(
    candidate: Bundle, serving: Bundle, table: pa.Table, metric: str, section: TestingSection, *, margin: float
) -> GateResult:
    """Compare both models on a table; `undecided` where one of them cannot score it, or no row of it has a target."""
    limits = section.replaced(margin=margin)
    if candidate.signature.classes != serving.signature.classes:  # a score of one order says nothing of the other
        return gates.not_compared("serving", metric, "it knows other classes, or in another order.", limits)
    try:
        truth, known = truth_of(table, candidate.signature)
        if not known.any():
            return gates.not_compared("serving", metric, "no such row has a target.", limits)
        ours, theirs = (_scored(bundle, table, truth, known) for bundle in (candidate, serving))
    except SevenfoldError as error:
        return gates.not_compared("serving", metric, error.message, limits)
    estimates = [
        measured(metric, rows, threshold=bundle.info.threshold)
        for rows, bundle in ((ours, candidate), (theirs, serving))
    ]
    same = candidate.info.threshold == serving.info.threshold and np.array_equal(ours.predicted, theirs.predicted)
    gap = difference(metric, *estimates, exact=same)
    return gates.comparison("serving", metric, (estimates[0].value, estimates[1].value), gap, limits)


def _scored(bundle: Bundle, table: pa.Table, truth: NDArray[Any], known: NDArray[np.bool_]) -> ScoredRows:
    return ScoredRows(truth[known], predictions(open_scorer(bundle), table)[known])


def _beyond_constant(candidate: Bundle, newest: pa.Table, metric: str, section: TestingSection) -> list[GateResult]:
    """Judge the candidate by a constant prediction on the newest rows, where the metric allows it and there are any."""
    signature = candidate.signature
    try:
        truth, known = truth_of(newest, signature)
        if metric in NO_BASELINE or not known.any():
            return []
        ours = _scored(candidate, newest, truth, known)
    except SevenfoldError:  # the comparison with the serving model says why
        return []
    flat = ScoredRows(ours.truth, constant(signature.task, len(signature.classes), ours.truth, len(ours), metric))
    mine = measured(metric, ours, threshold=candidate.info.threshold)
    base = measured(metric, flat, threshold=DEFAULT_THRESHOLD)
    gap = difference(metric, mine, base)
    result = gates.comparison("baseline", metric, (mine.value, base.value), gap, section)
    return [_newest(result, newest.num_rows, NEWEST_CONSTANT)]


def _newest(result: GateResult, rows: int, name: str) -> GateResult:
    verdict = result.verdict
    if verdict == "passed" and result.interval is not None and result.interval[1] >= 0:
        verdict = "undecided"  # as good is not better
    return _named(result.model_copy(update={"verdict": verdict}), name, f"On the {rows:,} newest test rows: ")


def _earlier(result: GateResult, rows: int) -> GateResult:
    if not rows:
        sentence = "every one was fitted on, so none can show what was forgotten"
        return result.model_copy(
            update={"name": EARLIER, "verdict": "undecided", "sentence": f"Earlier rows: {sentence}."}
        )
    return _named(result, EARLIER, f"On {rows:,} earlier test rows: ")


def _named(result: GateResult, name: str, start: str) -> GateResult:
    return result.model_copy(update={"name": name, "sentence": f"{start}{result.sentence}"})


def _without(table: pa.Table, others: list[pa.Table], columns: list[str]) -> pa.Table:
    """Return the rows that stand in none of the other tables."""
    keys, *known = row_keys([one.column for one in (table, *others)], columns)
    return table.filter(~np.isin(keys, np.concatenate(known)))
