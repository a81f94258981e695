"""Test a bundle: score its `model.onnx`, compare it with other models, decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import DataError, IntegrityError
from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD, as_stored
from sevenfold.plan.metrics import NO_BASELINE, default_metric, metric_names
from sevenfold.plan.testing import TestingSection
from sevenfold.runtime.progress import OnProgress
from sevenfold.scoring.truth import truth_of
from sevenfold.testing import gates
from sevenfold.testing.candidate import Candidate, shown_classes
from sevenfold.testing.earlier import earlier_gates, not_retrained
from sevenfold.testing.importance import permutation_importance
from sevenfold.testing.plain_models import CONSTANT, LINEAR_NAMES, beside, linear_rows
from sevenfold.testing.rivals import Rival
from sevenfold.testing.scored_rows import ScoredRows, open_scorer, predictions
from sevenfold.testing.slices import slice_scores, slices_of
from sevenfold.testing.suspect import suspect_column, suspect_gate

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EvaluatedModel", "evaluate"]

TRAIN_ROWS: Final = 50_000  # that the overfitting gap is measured on
STEPS: Final = 7


@dataclass(frozen=True)
class EvaluatedModel:
    """The evaluation of a bundle, the labelled rows behind it, and the predictions of all test rows."""

    evaluation: Evaluation
    test: ScoredRows
    train: ScoredRows
    predictions: NDArray[Any]


def evaluate(
    bundle: Bundle,
    dataset: Dataset,
    section: TestingSection,
    *,
    name: str,
    rivals: Sequence[Rival] = (),
    allow_leakage: Sequence[str] = (),
    earlier: Earlier | None = None,
    missing: str = "",
    on_progress: OnProgress = lambda message, done, total: None,
) -> EvaluatedModel:
    """Score a bundle on the test rows and on up to 50 000 training rows, and judge every gate.

    Args:
        bundle: the candidate; only its `model.onnx`, signature and threshold are used.
        dataset: the prepared rows.
        section: metric, gates, slices, confidence.
        name: the plan's name.
        rivals: other models to compare with, on the same rows.
        allow_leakage: columns that may carry a nearly perfect score alone.
        earlier: the serving model's dataset, where the candidate was retrained; None asks no more than of others.
        missing: why a retraining has no `earlier` to be compared on; "" where it has, and for any other candidate.
        on_progress: called with a message, the step and the number of steps.

    The decision is refuse when a gate refuses, else undecided when one is undecided, else promote. Rows without a
    truth get a prediction and no score.

    Raises:
        DataError: ``no_test_rows``, ``unknown_class``, ``no_such_column`` (a slice), ``no_such_metric``,
            ``other_threshold``.
        IntegrityError: ``other_dataset`` if bundle and dataset differ in target or task.
        InputError: if the rows lack a column the model takes.
        ServingError: if the model predicts a value that is not finite.
    """
    _check_same_target(bundle.signature, dataset)
    _check_section(section, bundle.signature, dataset)
    _check_threshold(section, bundle)
    scorer, signature = open_scorer(bundle), bundle.signature
    metric = section.metric or default_metric(signature.task)
    on_progress("scoring the test rows", 0, STEPS)
    inputs = [name for rival in rivals if rival.bundle for name in rival.bundle.signature.inputs]
    table = _rows(dataset, "test", signature, [*section.slices, *inputs])
    predicted = predictions(scorer, table)
    truth, known = truth_of(table, signature)
    labelled, test = table.filter(known), ScoredRows(truth[known], predicted[known])
    on_progress("scoring the training rows", 1, STEPS)
    train = _train(scorer, dataset, signature, section.seed)
    on_progress("computing the scores", 2, STEPS)
    threshold = bundle.info.threshold
    candidate = Candidate(metric, section, signature, test, train, threshold=threshold)
    on_progress("comparing with other models", 3, STEPS)
    results = [candidate.limit(gate) for gate in section.gates]
    results += [candidate.baseline()] if metric not in NO_BASELINE else []
    results.append(candidate.overfitting())
    results += [candidate.against(rival, bundle, labelled) for rival in rivals]
    results += _retrained(bundle, dataset, rivals, earlier, metric, section) if earlier is not None else []
    results += [not_retrained(metric, missing, section)] if missing else []
    linear = linear_rows(bundle, labelled, test)
    on_progress("scoring the slices", 4, STEPS)
    parts_of = {name: slices_of(labelled, name, dataset.schema.columns[name]) for name in section.slices}
    slices = {
        column: slice_scores(test, parts, metric, candidate.main, section, threshold)
        for column, parts in parts_of.items()
    }
    judged = sum(part.judged(section) for parts in slices.values() for part in parts)
    results += [gates.slices(column, parts, metric, section, judged=judged) for column, parts in slices.items()]
    results += candidate.decisions(shown_classes(dataset, signature))
    on_progress("permuting the features", 5, STEPS)
    importance = permutation_importance(scorer, labelled, test.truth, metric, threshold=threshold, seed=section.seed)
    suspect = suspect_column(scorer, labelled, test.truth, importance, seed=section.seed)
    results += [suspect_gate(suspect, allow_leakage)] if suspect else []
    shown = [part.result for parts in slices.values() for part in parts]
    evaluation = candidate.evaluation(results, shown, importance, name, bundle, dataset)
    evaluation = evaluation.model_copy(update=_plain(candidate, linear))
    return EvaluatedModel(evaluation, test, train, predicted)


def _retrained(
    bundle: Bundle,
    dataset: Dataset,
    rivals: Sequence[Rival],
    earlier: Earlier,
    metric: str,
    section: TestingSection,
) -> list[GateResult]:
    serving = next((rival.bundle for rival in rivals if rival.kind == "serving"), None)
    if serving is None:  # its own gate says why, and is undecided
        return []
    return earlier_gates(bundle, serving, dataset, earlier, metric, section)


def _plain(candidate: Candidate, linear: ScoredRows | str) -> dict[str, Any]:
    """Return what the evaluation says of the plain models beside the candidate."""
    section = candidate.section
    judged = partial(beside, candidate.metric, (candidate.test, candidate.main), confidence=section.confidence)
    name = LINEAR_NAMES[candidate.signature.task]
    return {
        "plain": (
            judged(candidate.base, kind="constant", name=CONSTANT, threshold=DEFAULT_THRESHOLD),
            judged(linear, kind="linear", name=name, threshold=candidate.threshold),
        ),
        "linear_scores": {} if isinstance(linear, str) else candidate.all_scores(linear),
        "confidence": section.confidence,
    }


def _rows(dataset: Dataset, split: str, signature: Signature, also: Sequence[str] = ()) -> pa.Table:
    # The reader leaves out names it does not know: where one is needed, a better error says so.
    table = dataset.table(split, list(dict.fromkeys([*signature.inputs, signature.target, *also])))
    if signature.target not in table.column_names or not table.column(signature.target).is_valid().to_numpy().any():
        raise DataError(
            "no_test_rows",
            f"Testing needs {split} rows with a {signature.target!r}, but the dataset has none.",
            remedy="Give the split more rows, or allow fewer rows without a target.",
        )
    return table


def _train(scorer: Any, dataset: Dataset, signature: Signature, seed: int) -> ScoredRows:
    table = _rows(dataset, "train", signature)
    if table.num_rows > TRAIN_ROWS:
        chosen = np.random.default_rng(seed).choice(table.num_rows, TRAIN_ROWS, replace=False)
        table = table.take(np.sort(chosen))
    truth, known = truth_of(table, signature)
    return ScoredRows(truth[known], predictions(scorer, table)[known])


def _check_same_target(signature: Signature, dataset: Dataset) -> None:
    ours, theirs = (signature.target, signature.task), (dataset.schema.target, dataset.schema.task)
    if ours != theirs:
        raise IntegrityError(
            "other_dataset",
            f"Bundle and dataset must have the same target and task, but the bundle has {ours[0]!r} ({ours[1].value}) "
            f"and the dataset {theirs[0]!r} ({theirs[1].value}).",
            remedy="Name the dataset that was prepared for this model.",
        )


def _check_section(section: TestingSection, signature: Signature, dataset: Dataset) -> None:
    lacking = [column for column in section.slices if column not in dataset.schema.columns]
    if lacking:
        raise DataError(
            "no_such_column",
            f"testing.slices must name columns of the dataset, but it has no {', '.join(map(repr, lacking[:8]))}.",
            remedy="Columns that are both sensitive and ignored are not kept in a dataset: name others.",
        )
    known = metric_names(signature.task)
    unknown = [metric for metric in (section.metric, *(gate.metric for gate in section.gates)) if metric]
    unknown = [metric for metric in unknown if metric not in known]
    if unknown:
        raise DataError(
            "no_such_metric",
            f"testing must name metrics of task {signature.task.value}, but names {', '.join(map(repr, unknown[:8]))}.",
            remedy=f"Metrics are {', '.join(sorted(known))}.",
        )


def _check_threshold(section: TestingSection, bundle: Bundle) -> None:
    """Refuse a number of the plan that is not the bundle's: what is served decides by the bundle's alone."""
    wanted, has = section.threshold, bundle.info.threshold
    if wanted is None or wanted == "auto" or bundle.signature.task is not Task.BINARY or as_stored(wanted) == has:
        return
    raise DataError(
        "other_threshold",
        f"testing.threshold must be the one that the bundle was trained with, but is {wanted:g}, "
        f"and the bundle decides from {has:.4g} on.",
        remedy="Train again with this plan, or remove testing.threshold from it.",
    )
