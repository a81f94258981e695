"""The table of metrics: tasks, directions, defaults."""

from __future__ import annotations

import pytest

from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import METRICS, default_metric, higher_is_better, metric_names


def test_directions_and_defaults() -> None:
    losses = {name for name in METRICS if not higher_is_better(name)}
    assert losses == {"log_loss", "brier", "calibration_error", "rmse", "mae"}
    assert [default_metric(task) for task in Task] == ["roc_auc", "log_loss", "rmse"]


def test_every_metric_belongs_to_a_task_and_says_what_it_means() -> None:
    assert frozenset().union(*(metric_names(task) for task in Task)) == set(METRICS)
    assert all(default_metric(task) in metric_names(task) for task in Task)
    assert all(metric.meaning.endswith(".") for metric in METRICS.values())
    assert metric_names(Task.BINARY) - metric_names(Task.MULTICLASS) == {"precision", "recall", "average_precision"}


def test_an_unknown_metric_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"one of .*roc_auc.*but got 'auc'"):
        higher_is_better("auc")
