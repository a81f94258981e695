"""The metrics that a plan may name: one table with the tasks of each, its direction and its meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from sevenfold.contracts.schema import Task

__all__ = ["DECIDED", "METRICS", "NO_BASELINE", "Metric", "default_metric", "higher_is_better", "metric_names"]

DECIDED: Final = frozenset({"accuracy", "balanced_accuracy", "f1", "precision", "recall"})  # of predicted classes
NO_BASELINE: Final = frozenset({"precision", "recall", "f1", "calibration_error"})  # a constant can excel in these
_BINARY: Final = frozenset({Task.BINARY})
_CLASSES: Final = frozenset({Task.BINARY, Task.MULTICLASS})
_VALUES: Final = frozenset({Task.REGRESSION})


@dataclass(frozen=True)
class Metric:
    """One metric: its name in the plan, the tasks it is defined for, its direction, its meaning, and its range."""

    name: str
    tasks: frozenset[Task]
    higher_is_better: bool
    meaning: str
    least: float = 0.0
    most: float = 1.0


_ALL: Final = (
    Metric("accuracy", _CLASSES, True, "Share of rows whose predicted class is the true one."),
    Metric("balanced_accuracy", _CLASSES, True, "Mean of the recalls of the classes that occur."),
    Metric(
        "f1",
        _CLASSES,
        True,
        "Binary: of the positive class; multiclass: mean over the classes that occur or are predicted.",
    ),
    Metric("precision", _BINARY, True, "Share of predicted positives that are positive; 0 where none is predicted."),
    Metric("recall", _BINARY, True, "Share of positives that are predicted."),
    Metric(
        "log_loss",
        _CLASSES,
        False,
        "Mean of −log of the probability given to the true class, clipped at the epsilon of its type.",
        most=math.inf,
    ),
    Metric(
        "roc_auc",
        _CLASSES,
        True,
        "Binary: chance that a positive row scores above a negative one, ties half (Fawcett 2006); "
        "multiclass: mean over the classes that occur, each against the rest.",
    ),
    Metric("average_precision", _BINARY, True, "Sum of recall step × precision, without interpolation."),
    Metric(
        "brier",
        _CLASSES,
        False,
        "Binary: mean (p − y)²; multiclass: mean of the sum over classes of (p − y)² (Brier 1950).",
        most=2.0,
    ),
    Metric(
        "calibration_error",
        _CLASSES,
        False,
        "Expected calibration error in ten bins of equal width (Naeini et al. 2015); binary: of the positive class's "
        "probability; multiclass: of the top class's (Guo et al. 2017).",
    ),
    Metric("rmse", _VALUES, False, "Root of the mean squared error, in the target's own unit.", most=math.inf),
    Metric("mae", _VALUES, False, "Mean absolute error, in the target's own unit.", most=math.inf),
    Metric("r2", _VALUES, True, "Share of the target's variance that is explained; without a unit.", least=-math.inf),
)
METRICS: Final = {metric.name: metric for metric in _ALL}
_DEFAULTS: Final = {Task.BINARY: "roc_auc", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}


def metric_names(task: Task) -> frozenset[str]:
    """Return the names of the metrics that are defined for a task."""
    return frozenset(name for name, metric in METRICS.items() if task in metric.tasks)


def default_metric(task: Task | str) -> str:
    """Return the metric that decides where the plan names none: roc_auc, log_loss (multiclass) or rmse."""
    return _DEFAULTS[Task(task)]


def higher_is_better(metric: str) -> bool:
    """Return whether a larger value of `metric` is a better one.

    Raises:
        ValueError: if `metric` is not one of `METRICS`.
    """
    if metric not in METRICS:
        raise ValueError(f"`metric` must be one of {sorted(METRICS)}, but got {metric!r}.")
    return METRICS[metric].higher_is_better
