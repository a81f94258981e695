"""The candidate of a test: its scores, and the verdict of each gate on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.evaluation import Evaluation, GateResult, Interval, SliceResult
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.plan.metrics import metric_names
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.scoring.scores import predicted_classes, score
from sevenfold.testing import gates
from sevenfold.testing.bounds import Estimate, two_sided
from sevenfold.testing.curves import confusion
from sevenfold.testing.decisions import cheaper, costs_per_row, several_classes
from sevenfold.testing.evidence import difference, measured, on_other_rows
from sevenfold.testing.rivals import Rival
from sevenfold.testing.scored_rows import ScoredRows, constant, open_scorer, predictions
from sevenfold.testing.sentences import decision_sentence

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Candidate", "shown_classes"]

DECISIONS: Final = {"refused": "refuse", "undecided": "undecided"}  # the first that a gate has decides


class Candidate:
    """The numbers that the gates of one candidate share."""

    def __init__(
        self,
        metric: str,
        section: TestingSection,
        signature: Signature,
        test: ScoredRows,
        train: ScoredRows,
        *,
        threshold: float = DEFAULT_THRESHOLD,
    ) -> None:
        """Score the test rows and the training rows, and a constant prediction beside them."""
        self.metric, self.section, self.signature, self.test, self.train = metric, section, signature, test, train
        self.threshold = threshold
        self.scores = self.all_scores(test)
        self.train_scores = self.all_scores(train)
        base = constant(signature.task, len(signature.classes), train.truth, len(test), metric)
        self.base = ScoredRows(test.truth, base)
        self.baseline_scores = self.all_scores(self.base, DEFAULT_THRESHOLD)
        self._measured: dict[str, Estimate] = {}

    @cached_property
    def main(self) -> Estimate:
        """The main metric on the test rows."""
        return self._estimate(self.metric)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The predicted class of each test row, as `model.onnx` says it."""
        return predicted_classes(self.test.predicted, threshold=self.threshold)

    def limit(self, gate: Gate) -> GateResult:
        """Judge a limit of the plan."""
        return gates.limit(gate, self._estimate(gate.metric), self.section)

    def baseline(self) -> GateResult:
        """Judge the candidate by a constant prediction."""
        return self._compared("baseline", self.base, DEFAULT_THRESHOLD)

    def decisions(self, classes: Sequence[str]) -> list[GateResult]:
        """Judge what a classifier decides: whether it ever says another class, and what that costs."""
        if not self.signature.classes or not len(self.test):
            return []
        binary, truth = self.signature.task is Task.BINARY, self.test.truth
        shown = self.threshold if binary else None
        results = [several_classes(truth, self.predicted, classes, self.metric, shown)]
        if binary and self.section.costs is not None:
            results.append(cheaper(self.section.costs, truth, self.predicted, self.section))
        return results

    def overfitting(self) -> GateResult:
        """Judge the gap between training and test rows."""
        train = measured(self.metric, self.train, threshold=self.threshold)
        gap = on_other_rows(self.metric, self.main, train)
        return gates.overfitting(self.metric, train.value, self.main.value, gap, self.section)

    def against(self, rival: Rival, bundle: Bundle, labelled: pa.Table) -> GateResult:
        """Judge the candidate by a promoted model, which scores the same rows."""
        reason = rival.reason if rival.bundle is None else _incomparable(rival.bundle.signature, self.signature)
        if rival.bundle is None or reason:
            return gates.not_compared(rival.kind, self.metric, reason, self.section)
        other, threshold = self.test, rival.bundle.info.threshold
        if rival.bundle.digest != bundle.digest:
            try:
                other = ScoredRows(self.test.truth, predictions(open_scorer(rival.bundle), labelled))
            except SevenfoldError as error:
                return gates.not_compared(rival.kind, self.metric, error.message, self.section)
        return self._compared(rival.kind, other, threshold)

    def evaluation(
        self,
        results: Sequence[GateResult],
        slices: Sequence[SliceResult],
        importance: dict[str, float],
        name: str,
        bundle: Bundle,
        dataset: Dataset,
    ) -> Evaluation:
        """Return what was measured, and the decision."""
        classes = len(self.signature.classes)
        table: tuple[tuple[int, ...], ...] = ()
        if classes:
            table = tuple(map(tuple, confusion(self.test.truth, self.predicted, classes).tolist()))
        costs = self.section.costs if self.signature.task is Task.BINARY and len(self.test) else None
        verdicts = {gate.verdict for gate in results}
        return Evaluation(
            name=name,
            task=self.signature.task,
            metric=self.metric,
            sentence=decision_sentence(results, self.metric, self.scores.get(self.metric), len(self.test)),
            decision=next((decision for verdict, decision in DECISIONS.items() if verdict in verdicts), "promote"),
            undecided=self.section.undecided.value,
            digests={"bundle": bundle.digest, "dataset": dataset.digest},
            rows={"test": len(self.test), "train": len(self.train)},
            classes=shown_classes(dataset, self.signature),
            threshold=self.threshold,
            cost_per_row={} if costs is None else costs_per_row(costs, self.test.truth, self.predicted),
            scores=self.scores,
            train_scores=self.train_scores,
            baseline_scores=self.baseline_scores,
            intervals=self._intervals(),
            gates=tuple(results),
            slices=tuple(slices),
            importance=importance,
            confusion=table,
        )

    def _compared(self, kind: gates.Rival, other: ScoredRows, threshold: float) -> GateResult:
        theirs = measured(self.metric, other, threshold=threshold)
        same = threshold == self.threshold and np.array_equal(self.test.predicted, other.predicted)
        gap = difference(self.metric, self.main, theirs, exact=same)
        return gates.comparison(kind, self.metric, (self.main.value, theirs.value), gap, self.section)

    def _estimate(self, metric: str) -> Estimate:
        if metric not in self._measured:
            self._measured[metric] = measured(metric, self.test, threshold=self.threshold)
        return self._measured[metric]

    def _intervals(self) -> dict[str, Interval]:
        judged = dict.fromkeys([self.metric, *(gate.metric for gate in self.section.gates)])
        ends = {name: two_sided(self._estimate(name), self.section.confidence) for name in judged}
        return {name: interval for name, interval in ends.items() if interval is not None}

    def all_scores(self, rows: ScoredRows, threshold: float | None = None) -> dict[str, float]:
        """Return every metric of the task that is defined on some rows; None takes the candidate's threshold."""
        names, at = sorted(metric_names(self.signature.task)), self.threshold if threshold is None else threshold
        values = {name: score(name, rows.truth, rows.predicted, threshold=at) for name in names}
        return {name: float(value) for name, value in values.items() if np.isfinite(value)}


def _incomparable(theirs: Signature, ours: Signature) -> str:
    if (theirs.task, theirs.target) != (ours.task, ours.target):
        return "it predicts another target."
    if theirs.classes != ours.classes:
        return "it knows other classes."
    return ""


def shown_classes(dataset: Dataset, signature: Signature) -> tuple[str, ...]:
    """Return the names of the classes, numbered where the target is sensitive; none for a regression."""
    column = dataset.schema.columns.get(signature.target)
    if signature.task is not Task.REGRESSION and column is not None and column.sensitive:
        return tuple(f"class {i + 1}" for i in range(len(signature.classes)))
    return signature.classes
