"""The plots of a test: what a classifier or a regression got right, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.schema import Task
from sevenfold.report.charts import Limit, bars, confusion, dots, histogram, lines, scatter
from sevenfold.report.model import Chart
from sevenfold.testing.curves import calibration, precision_recall, roc
from sevenfold.testing.gates import told
from sevenfold.testing.scored import Scored

__all__ = ["comparison_chart", "importance_chart", "outcome_charts", "slice_charts"]

MAX_CURVES: Final = 6  # classes with a curve of their own
MAX_CLASSES: Final = 30  # in a confusion matrix that can be read
MAX_IMPORTANCE: Final = 15
SCORE_BINS: Final = 40
CLOUD: Final = 1_500


def outcome_charts(found: Evaluation, test: Scored, *, hide_values: bool, seed: int) -> Iterator[Chart]:
    """Yield the plots of predictions against the truth; `hide_values` leaves out those that show target values."""
    if found.task is Task.REGRESSION:
        yield from _regression(test, hide_values=hide_values, seed=seed)
        return
    chosen = _charted_classes(found, test)
    yield _roc(found, test, chosen)
    if found.task is Task.BINARY:
        yield _precision_recall(found, test)
    yield _calibration(found, test, chosen)
    yield _score_histogram(found, test)
    if len(found.classes) <= MAX_CLASSES:
        yield confusion(
            "Confusion matrix",
            found.classes,
            found.confusion,
            caption=f"Positive from a probability of {found.threshold:g}." if found.task is Task.BINARY else "",
        )


def slice_charts(found: Evaluation) -> Iterator[Chart]:
    """Yield the main metric per slice with its interval, one plot per column, the tallest first."""
    for column, _ in Counter(part.column for part in found.slices).most_common():
        rows = [
            {
                "slice": f"{part.value} ({part.rows:,})",
                "score": part.score,
                "low": part.interval[0] if part.interval else None,
                "high": part.interval[1] if part.interval else None,
            }
            for part in found.slices
            if part.column == column and part.score is not None
        ]
        if not rows:
            continue
        whole = found.scores.get(found.metric)
        limits = [Limit(value=whole, label="all rows", level="info")] if whole is not None else []
        yield dots(
            f"{found.metric} by {column}",
            rows,
            "slice",
            "score",
            value_title=found.metric,
            low="low",
            high="high",
            limits=limits,
            caption="Rows in brackets; bars are confidence intervals.",
            alt=f"{found.metric} of {len(rows)} slices of {column} with confidence intervals.",
        )


def importance_chart(found: Evaluation) -> Chart | None:
    """Return the most important features, or None where there are none."""
    rows = [{"feature": name, "loss": value} for name, value in list(found.importance.items())[:MAX_IMPORTANCE]]
    if not rows:
        return None
    return bars(
        "What the model leans on",
        rows,
        "feature",
        "loss",
        value_title=f"loss of {found.metric} when shuffled",
        caption="Each feature's values shuffled among the rows, the others left as they are.",
        alt=f"The most important feature is {rows[0]['feature']}.",
    )


def comparison_chart(found: Evaluation) -> Chart | None:
    """Return how much worse or better than other models the candidate is, or None where nothing was compared."""
    compared = [g for g in found.gates if g.kind in ("serving", "best", "baseline") and g.value is not None]
    rows = [
        {
            "against": gate.name,
            "gap": -(gate.value or 0.0),
            "low": -gate.interval[1] if gate.interval else None,
            "high": -gate.interval[0] if gate.interval else None,
        }
        for gate in compared
    ]
    if not rows:
        return None
    return dots(
        "Against other models",
        rows,
        "against",
        "gap",
        value_title=f"gain of {found.metric}",
        low="low",
        high="high",
        limits=[Limit(value=0.0, label="equal", level="info")],
        caption="Right of the line is better; both models scored on the same resampled rows.",
        alt="Gain over other models with confidence intervals.",
    )


def _charted_classes(found: Evaluation, test: Scored) -> list[int]:
    if found.task is Task.BINARY:
        return [1]
    counts = np.bincount(test.truth, minlength=len(found.classes))
    return sorted(np.argsort(-counts, kind="stable")[:MAX_CURVES].tolist())


def _roc(found: Evaluation, test: Scored, chosen: list[int]) -> Chart:
    points: list[dict[str, Any]] = []
    for place in chosen:
        fpr, tpr, _ = roc(test.truth == place, test.predicted[:, place])
        points += [
            {"fpr": x, "tpr": y, "class": found.classes[place]} for x, y in zip(fpr.tolist(), tpr.tolist(), strict=True)
        ]
    area = found.scores.get("roc_auc")
    return lines(
        "ROC curve",
        points,
        "fpr",
        "tpr",
        "class" if len(chosen) > 1 else None,
        x_title="false positive rate",
        y_title="true positive rate",
        x_domain=(0, 1),
        y_domain=(0, 1),
        diagonal_from=(0, 1),
        caption=f"Area under the curve {told(area)}." if area is not None else "",
    )


def _precision_recall(found: Evaluation, test: Scored) -> Chart:
    recall, precision = precision_recall(test.truth == 1, test.predicted[:, 1])
    points = [{"recall": x, "precision": y} for x, y in zip(recall.tolist(), precision.tolist(), strict=True)]
    share = float((test.truth == 1).mean())
    return lines(
        "Precision and recall",
        points,
        "recall",
        "precision",
        x_title="recall",
        y_title="precision",
        x_domain=(0, 1),
        y_domain=(0, 1),
        limits=[Limit(value=share, label=f"share of {found.classes[1]}", level="info")],
        caption=f"Average precision {told(found.scores.get('average_precision', share))}.",
    )


def _calibration(found: Evaluation, test: Scored, chosen: list[int]) -> Chart:
    points = [
        {"predicted": b.predicted, "actual": b.actual, "low": b.low, "high": b.high, "class": found.classes[place]}
        for place in chosen
        for b in calibration(test.truth == place, test.predicted[:, place])
    ]
    error = found.scores.get("calibration_error", 0.0)
    return scatter(
        "Calibration",
        points,
        "predicted",
        "actual",
        "class" if len(chosen) > 1 else None,
        x_title="predicted probability",
        y_title="observed share",
        low="low",
        high="high",
        x_domain=(0, 1),
        y_domain=(0, 1),
        diagonal_from=(0, 1),
        caption=f"Ten bins of about equally many rows, 95 % intervals. Expected calibration error {told(error)}.",
    )


def _score_histogram(found: Evaluation, test: Scored) -> Chart:
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    if found.task is Task.BINARY:
        counts = {
            name: np.histogram(test.predicted[test.truth == place, 1], bins=edges)[0].tolist()
            for place, name in enumerate(found.classes)
        }
        title, axis = "Probabilities by true class", f"probability of {found.classes[1]}"
        limits = [Limit(value=found.threshold, label="threshold", on="x", level="info")]
    else:
        confidence, right = test.predicted.max(axis=1), test.predicted.argmax(axis=1) == test.truth
        counts = {
            name: np.histogram(confidence[rows], bins=edges)[0].tolist()
            for name, rows in (("right", right), ("wrong", ~right))
        }
        title, axis, limits = "Confidence of right and wrong answers", "probability of the predicted class", []
    return histogram(title, edges.tolist(), counts, x_title=axis, limits=limits)


def _regression(test: Scored, *, hide_values: bool, seed: int) -> Iterator[Chart]:
    residual = test.predicted - test.truth
    chosen = np.arange(len(test))
    if len(test) > CLOUD:
        chosen = np.sort(np.random.default_rng(seed).choice(len(test), CLOUD, replace=False))
    if not hide_values:
        yield _cloud(test, chosen)
        points = _points(test.predicted[chosen], residual[chosen])
        yield scatter(
            "Residuals",
            points,
            "x",
            "y",
            x_title="predicted",
            y_title="predicted − true",
            limits=[Limit(value=0.0, level="info")],
        )
    low, high = np.quantile(residual, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, SCORE_BINS + 1)
    counts, _ = np.histogram(residual, bins=edges)
    yield histogram(
        "How far off",
        edges.tolist(),
        {"": counts.tolist()},
        x_title="predicted − true",
        limits=[Limit(value=0.0, on="x", level="info")],
        caption="The middle 99 % of the rows.",
    )


def _cloud(test: Scored, chosen: NDArray[np.int64]) -> Chart:
    both = np.concatenate([test.truth[chosen], test.predicted[chosen]])
    ends = (float(both.min()), float(both.max()))
    return scatter(
        "Predicted against true",
        _points(test.truth[chosen], test.predicted[chosen]),
        "x",
        "y",
        x_title="true",
        y_title="predicted",
        diagonal_from=ends,
        caption=f"{len(chosen):,} of {len(test):,} test rows." if len(chosen) < len(test) else "",
    )


def _points(x: NDArray[Any], y: NDArray[Any]) -> list[dict[str, float]]:
    return [{"x": a, "y": b} for a, b in zip(x.tolist(), y.tolist(), strict=True)]
