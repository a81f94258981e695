"""The charts of a test: how good a classifier or a regression is, and on which rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.schema import Task
from sevenfold.report.charts import Limit, bars, confusion, dots, histogram, lines, scatter
from sevenfold.report.model import Chart
from sevenfold.testing.curves import calibration, precision_recall, roc
from sevenfold.testing.scored_rows import ScoredRows
from sevenfold.testing.sentences import format_score

__all__ = ["comparison_chart", "importance_chart", "outcome_charts", "slice_charts"]

MAX_CURVES: Final = 6  # classes with a curve of their own
MAX_CLASSES: Final = 30  # in a confusion matrix that can be read
MAX_IMPORTANCE: Final = 15
SCORE_BINS: Final = 40
SCATTER_POINTS: Final = 1_500


def outcome_charts(evaluation: Evaluation, test: ScoredRows, *, hide_values: bool, seed: int) -> Iterator[Chart]:
    """Yield the charts of predictions against the truth; `hide_values` leaves out those that show target values."""
    if evaluation.task is Task.REGRESSION:
        yield from _regression(test, hide_values=hide_values, seed=seed)
        return
    is_binary, chosen = evaluation.task is Task.BINARY, _charted_classes(evaluation, test)
    yield _roc(evaluation, test, chosen)
    if is_binary:
        yield _precision_recall(evaluation, test)
    yield _calibration(evaluation, test, chosen)
    yield _score_histogram(evaluation, test)
    if len(evaluation.classes) <= MAX_CLASSES:
        yield confusion(
            "Confusion matrix",
            evaluation.classes,
            evaluation.confusion,
            caption=f"Positive from a probability of {evaluation.threshold:g}." if is_binary else "",
        )


def slice_charts(evaluation: Evaluation) -> Iterator[Chart]:
    """Yield the main metric per slice with its interval, one chart per column, the tallest first."""
    for column, _ in Counter(part.column for part in evaluation.slices).most_common():
        rows = [
            {
                "slice": f"{part.value} ({part.rows:,})",
                "score": part.score,
                "low": part.interval[0] if part.interval else None,
                "high": part.interval[1] if part.interval else None,
            }
            for part in evaluation.slices
            if part.column == column and part.score is not None
        ]
        if not rows:
            continue
        whole = evaluation.scores.get(evaluation.metric)
        limits = [Limit(value=whole, label="all rows", level="info")] if whole is not None else []
        yield dots(
            f"{evaluation.metric} by {column}",
            rows,
            "slice",
            "score",
            value_title=evaluation.metric,
            low="low",
            high="high",
            limits=limits,
            caption="Rows in brackets; bars are confidence intervals.",
            alt=f"{evaluation.metric} of {len(rows)} slices of {column} with confidence intervals.",
        )


def importance_chart(evaluation: Evaluation) -> Chart | None:
    """Return the most important features, or None where there are none."""
    rows = [{"feature": name, "loss": value} for name, value in list(evaluation.importance.items())[:MAX_IMPORTANCE]]
    if not rows:
        return None
    return bars(
        "Feature importance",
        rows,
        "feature",
        "loss",
        value_title=f"loss of {evaluation.metric} when shuffled",
        caption="Each feature's values shuffled among the rows, the others left as they are.",
        alt=f"The most important feature is {rows[0]['feature']}.",
    )


def comparison_chart(evaluation: Evaluation) -> Chart | None:
    """Return the gains over other models, or None where nothing was compared."""
    compared = [g for g in evaluation.gates if g.kind in ("serving", "best", "baseline") and g.value is not None]
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
        value_title=f"gain of {evaluation.metric}",
        low="low",
        high="high",
        limits=[Limit(value=0.0, label="equal", level="info"), *_margin(compared)],
        caption="Right of the line is better; both models scored the same rows. A bar ends at the bounds of the gain: "
        "it lies right of the margin where the gate holds, left of it where the model is refused.",
        alt="Gain over other models with its bounds.",
    )


def _margin(compared: list[GateResult]) -> list[Limit]:
    margins = {gate.limit for gate in compared if gate.kind != "baseline" and gate.limit}
    return [Limit(value=-margin, label="margin", level="bad") for margin in margins]


def _charted_classes(evaluation: Evaluation, test: ScoredRows) -> list[int]:
    if evaluation.task is Task.BINARY:
        return [1]
    counts = np.bincount(test.truth, minlength=len(evaluation.classes))
    return sorted(np.argsort(-counts, kind="stable")[:MAX_CURVES].tolist())


def _roc(evaluation: Evaluation, test: ScoredRows, chosen: list[int]) -> Chart:
    points: list[dict[str, Any]] = []
    for index in chosen:
        fpr, tpr, _ = roc(test.truth == index, test.predicted[:, index])
        points += [
            {"fpr": x, "tpr": y, "class": evaluation.classes[index]}
            for x, y in zip(fpr.tolist(), tpr.tolist(), strict=True)
        ]
    area = evaluation.scores.get("roc_auc")
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
        caption=f"Area under the curve {format_score(area)}." if area is not None else "",
    )


def _precision_recall(evaluation: Evaluation, test: ScoredRows) -> Chart:
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
        limits=[Limit(value=share, label=f"share of {evaluation.classes[1]}", level="info")],
        caption=f"Average precision {format_score(evaluation.scores.get('average_precision', share))}.",
    )


def _calibration(evaluation: Evaluation, test: ScoredRows, chosen: list[int]) -> Chart:
    points = [
        {"predicted": b.predicted, "actual": b.actual, "low": b.low, "high": b.high, "class": evaluation.classes[index]}
        for index in chosen
        for b in calibration(test.truth == index, test.predicted[:, index])
    ]
    error = evaluation.scores.get("calibration_error", 0.0)
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
        caption=f"Bins of about as many rows each, 95 % intervals. Expected calibration error {format_score(error)}.",
    )


def _score_histogram(evaluation: Evaluation, test: ScoredRows) -> Chart:
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    if evaluation.task is Task.BINARY:
        counts = {
            name: np.histogram(test.predicted[test.truth == index, 1], bins=edges)[0].tolist()
            for index, name in enumerate(evaluation.classes)
        }
        title, axis = "Probabilities by true class", f"probability of {evaluation.classes[1]}"
        limits = [Limit(value=evaluation.threshold, label="threshold", on="x", level="info")]
    else:
        confidence, right = test.predicted.max(axis=1), test.predicted.argmax(axis=1) == test.truth
        counts = {
            name: np.histogram(confidence[rows], bins=edges)[0].tolist()
            for name, rows in (("right", right), ("wrong", ~right))
        }
        title, axis, limits = "Confidence of right and wrong predictions", "probability of the predicted class", []
    return histogram(title, edges.tolist(), counts, x_title=axis, limits=limits)


def _regression(test: ScoredRows, *, hide_values: bool, seed: int) -> Iterator[Chart]:
    residual = test.predicted - test.truth
    chosen = np.arange(len(test))
    if len(test) > SCATTER_POINTS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(test), SCATTER_POINTS, replace=False))
    if not hide_values:
        yield _predicted_against_true(test, chosen)
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
        "Distribution of residuals",
        edges.tolist(),
        {"": counts.tolist()},
        x_title="predicted − true",
        limits=[Limit(value=0.0, on="x", level="info")],
        caption="The middle 99 % of the rows.",
    )


def _predicted_against_true(test: ScoredRows, chosen: NDArray[np.int64]) -> Chart:
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
