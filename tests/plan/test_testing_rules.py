"""Limits that a plan may ask for."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.contracts.errors import PlanError
from sevenfold.contracts.schema import Task
from sevenfold.plan import parse_plan
from sevenfold.plan.metrics import METRICS, metric_names
from sevenfold.scoring.scores import score

TARGETS = {"binary": "category", "multiclass": "category", "regression": "number"}


def check(task: str, gate: str) -> None:
    parse_plan(
        f"version: 1\nname: demo\ndata:\n  source: t.csv\n  target: y\n  task: {task}\n"
        f"  columns: {{y: {{kind: {TARGETS[task]}, role: target}}, x: {{kind: number}}}}\n"
        f"testing: {{gates: [{gate}]}}\n"
    )


@pytest.mark.parametrize(
    ("task", "gate", "said"),
    [
        ("binary", "{metric: accuracy, at_least: 85}", "at most 1, but got 85. Lower it, as in 0.85 for 85 percent."),
        ("binary", "{metric: roc_auc, at_least: 1.01}", "roc_auc is at most 1"),
        ("multiclass", "{metric: brier, at_least: 2.5}", "brier is at most 2"),
        ("multiclass", "{metric: log_loss, at_most: -0.1}", "log_loss is at least 0"),
        ("regression", "{metric: r2, at_least: 40}", "r2 is at most 1"),
        ("regression", "{metric: mae, at_most: -3}", "mae is at least 0"),
    ],
)
def test_a_limit_that_no_model_could_hold_is_refused(task: str, gate: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        check(task, gate)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("task", "gate"),
    [
        ("binary", "{metric: accuracy, at_least: 1}"),
        ("binary", "{metric: log_loss, at_most: 7}"),
        ("multiclass", "{metric: brier, at_most: 1.8}"),
        ("regression", "{metric: r2, at_least: -0.5}"),
        ("regression", "{metric: rmse, at_most: 25000}"),
        ("regression", "{metric: rmse, at_most: 0}"),
    ],
)
def test_any_other_limit_is_taken(task: str, gate: str) -> None:
    check(task, gate)


@pytest.mark.parametrize("task", list(Task))
def test_the_ranges_are_those_of_the_best_and_the_worst_model(task: Task) -> None:
    classes = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 0}[task]
    truth = np.arange(60) % classes if classes else np.arange(60.0)
    best = np.eye(classes)[truth] if classes else truth
    worst = np.eye(classes)[(truth + 1) % classes] if classes else -1e6 * truth
    for name in metric_names(task):
        metric = METRICS[name]
        for predicted in (best, worst):
            assert metric.least <= score(name, truth, predicted) <= metric.most
        perfect = metric.most if metric.higher_is_better else metric.least
        assert score(name, truth, best) == pytest.approx(perfect, abs=1e-12)
