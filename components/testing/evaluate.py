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
from sevenfold.contracts.errors import DataError, IntegrityError, SevenfoldError
from sevenfold.contracts.evaluation import Evaluation, GateResult, Interval, SliceResult
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.plan.metrics import default_metric, metric_names
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.runtime.progress import OnProgress
from sevenfold.scoring.scores import predicted_classes, score, weighted_score
from sevenfold.testing import gates
from sevenfold.testing.bootstrap import percentile_interval, resampled
from sevenfold.testing.curves import confusion
from sevenfold.testing.importance import permutation_importance
from sevenfold.testing.rivals import Rival
from sevenfold.testing.scored_rows import ScoredRows, constant, open_scorer, predictions, truth_of
from sevenfold.testing.sentences import decision_sentence
from sevenfold.testing.slices import slice_scores, slices_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EvaluatedModel", "evaluate"]

TRAIN_ROWS: Final = 50_000  # that the overfitting gap is measured on
NO_BASELINE: Final = frozenset({"precision", "recall", "f1", "calibration_error"})  # a constant can excel in these
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
    on_progress: OnProgress = lambda message, done, total: None,
) -> EvaluatedModel:
    """Score a bundle on the test rows and on up to 50 000 training rows, and judge every gate.

    Args:
        bundle: the candidate; only its `model.onnx` and signature are used.
        dataset: the prepared rows.
        section: metric, gates, slices, bootstrap.
        name: the plan's name.
        rivals: other models to compare with, on the same rows.
        on_progress: called with a message, the step and the number of steps.

    The decision is promote when no gate refuses. Rows without a truth get a prediction and no score.

    Raises:
        DataError: ``no_test_rows``, ``unknown_class``, ``no_such_column`` (a slice), ``no_such_metric``.
        IntegrityError: ``other_dataset`` if bundle and dataset differ in target or task.
        InputError: if the rows lack a column the model takes.
        ServingError: if the model predicts a value that is not finite.
    """
    _check_same_target(bundle.signature, dataset)
    _check_section(section, bundle.signature, dataset)
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
    on_progress("drawing the bootstrap", 2, STEPS)
    candidate = _Candidate(metric, section, signature, test, train)
    on_progress("comparing with other models", 3, STEPS)
    results = [candidate.limit(gate) for gate in section.gates]
    results += [candidate.baseline()] if metric not in NO_BASELINE else []
    results.append(candidate.overfitting())
    results += [candidate.against(rival, bundle, labelled) for rival in rivals]
    on_progress("scoring the slices", 4, STEPS)
    slices: list[SliceResult] = []
    for column in section.slices:
        parts = slices_of(labelled, column, dataset.schema.columns[column])
        scores = list(slice_scores(test, parts, metric, section))
        slices += scores
        results.append(gates.slices(column, scores, metric, candidate.value, section))
    on_progress("permuting the features", 5, STEPS)
    importance = permutation_importance(
        scorer, labelled, test.truth, metric, threshold=section.threshold, seed=section.seed
    )
    evaluation = candidate.evaluation(results, slices, importance, name, bundle, dataset)
    return EvaluatedModel(evaluation, test, train, predicted)


class _Candidate:
    """The numbers that the gates of one candidate share."""

    def __init__(
        self, metric: str, section: TestingSection, signature: Signature, test: ScoredRows, train: ScoredRows
    ) -> None:
        self.metric, self.section, self.signature, self.test, self.train = metric, section, signature, test, train
        self.score = partial(score, threshold=section.threshold)
        self.scores = self._all(test)
        self.train_scores = self._all(train)
        self.value = self.scores.get(metric, float("nan"))
        base = constant(signature.task, len(signature.classes), train.truth, len(test), metric)
        self.base = ScoredRows(test.truth, base)
        self.baseline_scores = self._all(self.base)
        self.judged = list(dict.fromkeys([metric, *(gate.metric for gate in section.gates)]))
        self.samples = self._resample([(name, test) for name in self.judged])

    def limit(self, gate: Gate) -> GateResult:
        return gates.limit(
            gate, self.scores.get(gate.metric, float("nan")), self.intervals().get(gate.metric), self.section
        )

    def baseline(self) -> GateResult:
        base = self._resample([(self.metric, self.base)])[:, 0]
        values = (self.value, self.baseline_scores.get(self.metric, float("nan")))
        return gates.comparison("baseline", self.metric, values, (self.samples[:, 0], base), self.section)

    def overfitting(self) -> GateResult:
        train = self._resample([(self.metric, self.train)])[:, 0]
        value = self.train_scores.get(self.metric, float("nan"))
        return gates.overfitting(self.metric, value, self.value, (train, self.samples[:, 0]), self.section)

    def against(self, rival: Rival, bundle: Bundle, labelled: pa.Table) -> GateResult:
        reason = rival.reason if rival.bundle is None else _incomparable(rival.bundle.signature, self.signature)
        if rival.bundle is None or reason:
            return gates.not_compared(rival.kind, self.metric, reason, self.section)
        other = self.test
        if rival.bundle.digest != bundle.digest:
            try:
                other = ScoredRows(self.test.truth, predictions(open_scorer(rival.bundle), labelled))
            except SevenfoldError as error:
                return gates.not_compared(rival.kind, self.metric, error.message, self.section)
        values = (self.value, self.score(self.metric, other.truth, other.predicted))
        samples = self._resample([(self.metric, other)])[:, 0]
        return gates.comparison(rival.kind, self.metric, values, (self.samples[:, 0], samples), self.section)

    def intervals(self) -> dict[str, Interval]:
        names = enumerate(self.judged)
        ends = {name: percentile_interval(self.samples[:, i], self.section.confidence) for i, name in names}
        return {name: interval for name, interval in ends.items() if interval is not None}

    def evaluation(
        self,
        results: Sequence[GateResult],
        slices: Sequence[SliceResult],
        importance: dict[str, float],
        name: str,
        bundle: Bundle,
        dataset: Dataset,
    ) -> Evaluation:
        classes = len(self.signature.classes)
        table: tuple[tuple[int, ...], ...] = ()
        if classes:
            predicted = predicted_classes(self.test.predicted, threshold=self.section.threshold)
            table = tuple(map(tuple, confusion(self.test.truth, predicted, classes).tolist()))
        return Evaluation(
            name=name,
            task=self.signature.task,
            metric=self.metric,
            sentence=decision_sentence(results, self.metric, self.scores.get(self.metric), len(self.test)),
            decision="refuse" if any(gate.verdict == "refused" for gate in results) else "promote",
            digests={"bundle": bundle.digest, "dataset": dataset.digest},
            rows={"test": len(self.test), "train": len(self.train)},
            classes=_shown_classes(dataset, self.signature),
            threshold=self.section.threshold,
            scores=self.scores,
            train_scores=self.train_scores,
            baseline_scores=self.baseline_scores,
            intervals=self.intervals(),
            gates=tuple(results),
            slices=tuple(slices),
            importance=importance,
            confusion=table,
        )

    def _all(self, rows: ScoredRows) -> dict[str, float]:
        names = sorted(metric_names(self.signature.task))
        values = {name: self.score(name, rows.truth, rows.predicted) for name in names}
        return {name: float(value) for name, value in values.items() if np.isfinite(value)}

    def _resample(self, pairs: Sequence[tuple[str, ScoredRows]]) -> NDArray[np.float64]:
        # The same seed and rows each time, so that resamples of different calls are paired.
        statistics = [
            weighted_score(name, rows.truth, rows.predicted, threshold=self.section.threshold) for name, rows in pairs
        ]
        return resampled(statistics, len(pairs[0][1]), samples=self.section.bootstrap, seed=self.section.seed)


def _rows(dataset: Dataset, split: str, signature: Signature, also: Sequence[str] = ()) -> pa.Table:
    # The reader leaves out names it does not know: where one is needed, a better error says so.
    table = dataset.table(split, list(dict.fromkeys([*signature.inputs, signature.target, *also])))
    if signature.target not in table.column_names or not table.column(signature.target).is_valid().to_numpy().any():
        raise DataError(
            "no_test_rows",
            f"Testing needs {split} rows with a {signature.target!r}, but {split}.parquet has none.",
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


def _incomparable(theirs: Signature, ours: Signature) -> str:
    if (theirs.task, theirs.target) != (ours.task, ours.target):
        return "it predicts another target."
    if theirs.classes != ours.classes:
        return "it knows other classes."
    return ""


def _shown_classes(dataset: Dataset, signature: Signature) -> tuple[str, ...]:
    column = dataset.schema.columns.get(signature.target)
    if signature.task is not Task.REGRESSION and column is not None and column.sensitive:
        return tuple(f"class {i + 1}" for i in range(len(signature.classes)))
    return signature.classes
