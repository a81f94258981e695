"""Rows compared as a whole: what a dataset's labelled rows say once, and then of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.drift.verdict import first_of_alarm
from sevenfold.monitoring.subtle.calibration import Calibration
from sevenfold.monitoring.subtle.columns import columns_of
from sevenfold.monitoring.subtle.expected_scores import Estimate, confidence_of, estimated, fit_confidence
from sevenfold.monitoring.subtle.separation import MAX_ROWS, Separation, separation
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.scoring.truth import truth_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Check", "RowComparer", "RowDrift", "drifted_since"]

SEED: Final = 7
# By how much an estimate may miss the accuracy of the test rows, where its interval does not hold it.
CLOSE: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class RowDrift:
    """One window: how well its rows can be told from training rows, None for too few rows, and the scores to expect."""

    label: str
    rows: int
    separation: Separation | None
    scores: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """The estimate of the accuracy on the labelled test rows, beside the accuracy itself."""

    rows: int
    estimate: Estimate
    accuracy: float

    @property
    def holds(self) -> bool:
        """Whether the estimate was right, or near."""
        return (
            self.estimate.low <= self.accuracy <= self.estimate.high
            or abs(self.estimate.value - self.accuracy) <= CLOSE
        )


class RowComparer:
    """Compares windows of rows with the rows of the dataset that a bundle was trained on.

    `check` says what an estimate of accuracy is worth; where nothing is estimated it is None, and `unknown` says why.

    Raises:
        DataError: ``other_dataset``.
    """

    def __init__(self, dataset: Dataset, bundle: Bundle, section: MonitoringSection) -> None:
        _require_own(dataset, bundle)
        self.section = section
        self.signature = bundle.signature
        self.check: Check | None = None
        self.unknown = ""
        self._features = bundle.reference().features
        self._scorer = Scorer(bundle.model_path, bundle.signature)
        self._training = columns_of(self._feeds(dataset.table("train")), self._features)
        self._calibration = self._calibrate(dataset)

    def compare(self, label: str, table: pa.Table) -> RowDrift:
        """Compare the refined rows of a window, at most `MAX_ROWS` of them.

        Raises:
            MissingExtraError: without LightGBM.
        """
        if table.num_rows < self.section.min_rows:
            return RowDrift(label=label, rows=table.num_rows, separation=None)
        feeds = self._feeds(table)
        apart = separation(
            self._training,
            columns_of(feeds, self._features),
            significance=self.section.significance,
            size=self.section.separation,
        )
        confidence = confidence_of(self.signature, self._scorer.predict(feeds))
        known = confidence is not None and self._calibration is not None
        scores = estimated(confidence, self._calibration) if known else {}  # type: ignore[arg-type]
        return RowDrift(label=label, rows=table.num_rows, separation=apart, scores=scores)

    def _feeds(self, table: pa.Table) -> Any:
        return feeds_from_table(_drawn(table), self.signature.inputs)

    def _calibrate(self, dataset: Dataset) -> Calibration | None:
        """Fit on the validation rows what confidence is worth, and try it on the test rows."""
        if self.signature.task is Task.REGRESSION:
            self.unknown = "A model that predicts a number says nothing of its confidence."
            return None
        rows = {split: self._labelled(dataset, split) for split in ("validation", "test")}
        few = min(len(truth) for _, truth, _ in rows.values())
        if few < self.section.min_rows:
            self.unknown = f"It needs {self.section.min_rows} labelled rows to fit and to test, but there are {few}."
            return None
        confidence, truth, predicted = rows["validation"]
        calibration = fit_confidence(confidence, truth, predicted)
        confidence, truth, predicted = rows["test"]
        estimate = estimated(confidence, calibration)["accuracy"]
        self.check = Check(rows=len(truth), estimate=estimate, accuracy=float((truth == predicted).mean()))
        return calibration

    def _labelled(self, dataset: Dataset, split: str) -> tuple[Any, Any, Any]:
        """Return confidence, class and predicted class of the labelled rows of a split."""
        table = _drawn(dataset.table(split))
        truth, known = truth_of(table, self.signature)
        prediction = self._scorer.predict(feeds_from_table(table.filter(known), self.signature.inputs))
        position = {name: index for index, name in enumerate(self.signature.classes)}
        labels = prediction.labels if prediction.labels is not None else ()
        return confidence_of(self.signature, prediction), truth[known], np.array([position[name] for name in labels])


def drifted_since(windows: Sequence[RowDrift], section: MonitoringSection) -> str:
    """Return the label of the first window of an alarm, by the rule of single features; "" for no alarm."""
    judged = [window for window in windows if window.separation is not None]
    drifted = [at for at, window in enumerate(judged) if window.separation and window.separation.drifted]
    first = first_of_alarm(drifted, section)
    return "" if first is None else judged[first].label


def _drawn(table: pa.Table) -> pa.Table:
    if table.num_rows <= MAX_ROWS:
        return table
    return table.take(np.sort(np.random.default_rng(SEED).choice(table.num_rows, MAX_ROWS, replace=False)))


def _require_own(dataset: Dataset, bundle: Bundle) -> None:
    known = bundle.info.digests.get("dataset", dataset.digest)
    if known != dataset.digest:
        raise DataError(
            "other_dataset",
            f"The dataset must be the bundle's own, {known[:19]}…, but is {dataset.digest[:19]}….",
            remedy="Name the folder `dataset` of the bundle's run.",
        )
