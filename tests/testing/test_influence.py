"""Influence values against the numerical derivative of each metric by the weights of its rows."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import METRICS
from sevenfold.scoring.scores import weighted_score
from sevenfold.testing.influence import influence

ROWS, STEP = 120, 1e-5
CASES = [
    (name, classes)
    for name, metric in METRICS.items()
    for classes in (0, 2, 4)
    if metric.tasks & {0: {Task.REGRESSION}, 2: {Task.BINARY}, 4: {Task.MULTICLASS}}[classes]
]


def drawn(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    if not classes:
        truth = rng.normal(size=ROWS)
        return truth, truth + rng.normal(size=ROWS)
    truth = rng.integers(0, classes, ROWS)
    odds = rng.normal(size=(ROWS, classes)).round(1) + np.eye(classes)[truth]  # rounded: some scores are tied
    return truth, np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("metric", "classes"), CASES)
def test_influence_is_the_derivative_by_the_weight_of_a_row(metric: str, classes: int) -> None:
    truth, predicted = drawn(classes)
    measure, one = weighted_score(metric, truth, predicted), np.ones(ROWS)
    slopes = [(measure(one + STEP * row) - measure(one - STEP * row)) / (2 * STEP) for row in np.eye(ROWS)]
    given = influence(metric, truth, predicted)
    assert abs(given.mean()) < 1e-8
    # ROC AUC has the variance of a sample in each class, a little wider than the derivative.
    allowed = 0.01 if metric == "roc_auc" else 1e-6
    assert given == pytest.approx(np.array(slopes) * ROWS, rel=5 * allowed, abs=allowed)


def test_the_standard_error_of_roc_auc_is_that_of_delong() -> None:
    truth, predicted = drawn(2)
    scores, positive = predicted[:, 1], truth == 1
    pairs = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
    by_row, by_column = pairs.mean(axis=1), pairs.mean(axis=0)
    delong = by_row.var(ddof=1) / len(by_row) + by_column.var(ddof=1) / len(by_column)
    given = influence("roc_auc", truth, predicted)
    assert (given**2).sum() / ROWS**2 == pytest.approx(delong)


def test_a_metric_that_is_undefined_has_no_influence() -> None:
    one_class = np.zeros(10, dtype=np.int64)
    predicted = np.tile([0.4, 0.6], (10, 1))
    assert np.isnan(influence("roc_auc", one_class, predicted)).all()
    assert np.isnan(influence("average_precision", one_class, predicted)).all()
