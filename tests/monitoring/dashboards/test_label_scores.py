"""The scores on the page of a loop are what Prometheus's rules record from the same counters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import recall_score

from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift import telemetry
from sevenfold.drift.concept import binned_ovr_auc
from sevenfold.drift.feedback_counts import CLASS_BINS, FeedbackCounter
from sevenfold.drift.prometheus import Series
from sevenfold.monitoring.label_scores import FEEDBACK, recalls_of, rows_of, scores_of
from sevenfold.scoring.request_labels import Truth
from sevenfold.scoring.scorer import Prediction

SCORES = {
    "wind": {"rmse", "mae"},
    "storm": {"accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"},
}


@pytest.mark.parametrize("model", SCORES)
def test_they_are_what_prometheus_records(model: str, answered: Callable[[str], list[Series]]) -> None:
    counts: dict[str, dict[tuple[str, ...], float]] = {}
    [bundle, *_] = sorted({one.labels["bundle"] for one in answered(f'sevenfold:feedback_rows{{model="{model}"}}')})
    chosen = f'{{model="{model}", bundle="{bundle}"}}'
    for metric in FEEDBACK:
        for one in answered(f"{metric.name}{chosen}") if metric in _exported(model) else ():
            counts.setdefault(metric.name, {})[tuple(one.labels[name] for name in metric.own_labels)] = one.value
    assert rows_of(counts) == 300
    found = scores_of(counts)
    assert set(found) == SCORES[model]
    for name, score in found.items():
        [recorded] = answered(f"sevenfold:feedback_{name}{chosen}")
        assert score == pytest.approx(recorded.value, rel=1e-6), name
    if model == "storm":
        recorded_recalls = {one.labels["true"]: one.value for one in answered(f"sevenfold:feedback_recall{chosen}")}
        assert recalls_of(counts) == pytest.approx(recorded_recalls, rel=1e-6)


def _exported(model: str) -> tuple[Any, ...]:
    """The metrics of labels that a model of this task has: an absent one is not waited for."""
    regression = (telemetry.FEEDBACK_ABSOLUTE, telemetry.FEEDBACK_SQUARED, telemetry.FEEDBACK_FOURTH)
    classes = (telemetry.FEEDBACK_CLASS_POSITIVES, telemetry.FEEDBACK_CLASS_BELOW)
    if model == "wind":
        return (telemetry.FEEDBACK_ROWS, *regression)
    return tuple(metric for metric in FEEDBACK if metric not in (*regression, *classes))


def test_of_several_classes_each_is_set_against_all_others() -> None:
    names = ("a", "b", "c", "never")
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 500)
    odds = rng.normal(size=(500, 4)) + 1.5 * np.eye(4)[truth]
    probabilities = (np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)).astype(np.float32)
    predicted = probabilities.argmax(axis=1)
    counter = FeedbackCounter(
        Signature(task=Task.MULTICLASS, target="y", classes=names, inputs={}), Reference(rows=1, features={})
    )
    labels = np.array(names, dtype=object)[predicted]
    counter.observe(
        Prediction(labels=labels, probabilities=probabilities), Truth(scored=np.ones(500, dtype=np.bool_), values=truth)
    )
    assert counter.confusion is not None
    by_class = [(at, bin_name) for at in range(4) for bin_name in range(len(CLASS_BINS.names) - 1)]

    def binned(values: Any) -> dict[tuple[str, ...], float]:
        return {(CLASS_BINS.names[at_bin], names[at]): float(values[at, at_bin]) for at, at_bin in by_class}

    counts = {
        telemetry.FEEDBACK_ROWS.name: {("scored",): 500.0, ("missing",): 3.0},
        telemetry.FEEDBACK_CORRECT.name: {(): float(counter.correct)},
        telemetry.FEEDBACK_CONFUSION.name: {
            (names[now], names[true]): float(counter.confusion[true, now]) for true in range(4) for now in range(4)
        },
        telemetry.FEEDBACK_CLASS_POSITIVES.name: binned(counter.class_bins[1]),
        telemetry.FEEDBACK_CLASS_BELOW.name: binned(counter.class_below),
    }
    found, recalls = scores_of(counts), recalls_of(counts)
    assert found["accuracy"] == pytest.approx((predicted == truth).mean())
    assert list(recalls) == ["a", "b", "c"]
    expected = recall_score(truth, predicted, labels=[0, 1, 2], average=None, zero_division=0)
    assert list(recalls.values()) == pytest.approx(expected.tolist())
    assert found["balanced_accuracy"] == pytest.approx(np.mean(expected))
    negatives, positives = counter.class_bins.astype(float)
    assert found["roc_auc"] == pytest.approx(binned_ovr_auc(positives, negatives), rel=1e-9)


def test_what_is_not_defined_is_left_out() -> None:
    assert scores_of({}) == {}
    assert (
        scores_of({telemetry.FEEDBACK_ROWS.name: {("scored",): 0.0}, telemetry.FEEDBACK_CORRECT.name: {(): 0.0}}) == {}
    )
    one_class = {
        telemetry.FEEDBACK_ROWS.name: {("scored",): 9.0},
        telemetry.FEEDBACK_CORRECT.name: {(): 0.0},
        telemetry.FEEDBACK_POSITIVES.name: {("b0",): 9.0},
        telemetry.FEEDBACK_NEGATIVES.name: {("b0",): 0.0},
        telemetry.FEEDBACK_BELOW.name: {("b0",): 0.0},
    }
    assert scores_of(one_class) == {"accuracy": 0.0}
