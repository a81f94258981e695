"""Gates: the limits that a candidate must hold to be promoted. All are judged, so that one run reports every failure.

A limit of the plan is compared with the measured value. The other gates refuse only a breach that is both large and
more than chance: overfitting and slices where even the favourable end of the interval is beyond the limit, a
comparison where the candidate is worse by more than the margin and the whole interval is on the worse side. A metric
that cannot be computed is refused, because nothing speaks for the candidate; a comparison that is impossible is not
judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import GateResult, Interval, SliceResult, Verdict
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing.bootstrap import percentile_interval
from sevenfold.testing.sentences import (
    RELATIVE,
    UNKNOWN,
    format_gap,
    format_gap_interval,
    format_score,
    sentence_end,
    worse_or_better,
)

__all__ = ["comparison", "limit", "loss", "not_compared", "overfitting", "slices"]

Floats = NDArray[np.float64]

MAX_NAMED: Final = 5  # failing slices in the sentence
_OTHER_MODELS: Final = {
    "baseline": "a constant prediction",
    "serving": "the model now serving",
    "best": "the best model ever promoted",
}


def loss(metric: str, candidate: float | Floats, reference: float | Floats) -> Floats:
    """Return how much worse the candidate is: in the metric's unit, for rmse and mae as a share of the reference.

    Negative where the candidate is better. A share, because limits are written before the target's unit is known.

    >>> float(loss("roc_auc", 0.70, 0.72)), float(loss("rmse", 11.0, 10.0))
    (0.02, 0.1)
    """
    candidate, reference = np.asarray(candidate, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    gap = reference - candidate if higher_is_better(metric) else candidate - reference
    if metric in RELATIVE:
        gap = gap / np.maximum(np.abs(reference), np.finfo(np.float64).tiny ** 0.5)
    return np.asarray(np.round(gap, 12))


def limit(gate: Gate, value: float, interval: Interval | None, section: TestingSection) -> GateResult:
    """Judge one limit of the plan by the measured value; the interval is only part of the sentence."""
    bound, least = (gate.at_least, True) if gate.at_least is not None else (gate.at_most, False)
    assert bound is not None  # noqa: S101 - the plan guarantees one of the two
    rule = f"must be {'at least' if least else 'at most'} {format_score(bound)}"
    name = f"{gate.metric} {'≥' if least else '≤'} {format_score(bound)}"
    if not np.isfinite(value):
        return _result("limit", name, gate.metric, None, bound, None, "refused", f"{gate.metric} {rule}, but {UNKNOWN}")
    holds = value >= bound if least else value <= bound
    sentence = f"{gate.metric} {rule}{' and' if holds else ', but'} is {format_score(value)}"
    if interval is not None:
        ends = f"{format_score(interval[0])} to {format_score(interval[1])}"
        sentence += f" ({section.confidence:.0%} interval: {ends})"
        if interval[0] < bound < interval[1]:
            sentence += "; the limit lies inside the interval, so chance has a part in this"
    return _result("limit", name, gate.metric, value, bound, interval, "passed" if holds else "refused", sentence + ".")


def overfitting(
    metric: str, train: float, test: float, samples: tuple[Floats, Floats], section: TestingSection
) -> GateResult:
    """Judge how much worse the metric is on the test rows than on the training rows.

    Args:
        metric: the main metric.
        train: its value on training rows.
        test: its value on test rows.
        samples: its bootstrap values on training and on test rows, `[samples]` each.
        section: limit and confidence.
    """
    bound = section.max_overfitting
    if not (np.isfinite(train) and np.isfinite(test)):
        return _result("overfitting", "overfitting", metric, None, bound, None, "refused", f"{metric}: {UNKNOWN}")
    gap = float(loss(metric, test, train))
    interval = percentile_interval(loss(metric, samples[1], samples[0]), section.confidence)
    refused = gap > bound and (interval is None or interval[0] > bound)
    verdict: Verdict = "refused" if refused else "passed"
    sentence = (
        f"{metric} is {format_score(train)} on training rows and {format_score(test)} on test rows: "
        f"{_gap_and_limit(metric, gap, interval, bound, section)}{sentence_end(gap, bound, verdict)}"
    )
    return _result("overfitting", "overfitting", metric, gap, bound, interval, verdict, sentence)


def slices(
    column: str, parts: Sequence[SliceResult], metric: str, overall: float, section: TestingSection
) -> GateResult:
    """Judge the slices of one column by the score on all test rows; the value is the worst gap.

    A slice with fewer than `min_slice_rows` rows, or on which the metric is undefined, is not judged.
    """
    bound, judged, refused = section.max_slice_gap, [], []
    for part in parts:
        if part.rows < section.min_slice_rows or part.score is None or part.interval is None:
            continue
        gap = float(loss(metric, part.score, overall))
        ends = sorted(float(loss(metric, end, overall)) for end in part.interval)
        judged.append((gap, (ends[0], ends[1]), part))
        if gap > bound and ends[0] > bound:
            refused.append(part)
    name = f"slices of {column}"
    if not judged or not np.isfinite(overall):
        sentence = f"No slice of {column} has {section.min_slice_rows} rows on which {metric} is defined."
        return _result("slice", name, metric, None, bound, None, "not_judged", sentence)
    gap, interval, worst = max(judged, key=lambda entry: entry[0])
    sentence = (
        f"Of {len(judged)} slices of {column}, {worst.value!r} is worst: {metric} {format_score(worst.score or 0.0)} "
        f"on {worst.rows:,} rows, {worse_or_better(metric, gap)} than all; "
        f"at most {format_gap(metric, bound)} worse is allowed"
    )
    if refused:
        values = ", ".join(repr(part.value) for part in refused[:MAX_NAMED]) + (
            " …" if len(refused) > MAX_NAMED else ""
        )
        sentence += f", beyond chance, which {values} exceed{'s' if len(refused) == 1 else ''}"
    return _result("slice", name, metric, gap, bound, interval, "refused" if refused else "passed", sentence + ".")


def comparison(
    kind: Literal["baseline", "serving", "best"],
    metric: str,
    values: tuple[float, float],
    samples: tuple[Floats, Floats],
    section: TestingSection,
) -> GateResult:
    """Judge the candidate by another model on the same test rows.

    Args:
        kind: what the other model is.
        metric: the main metric.
        values: the metric of the candidate and of the other model.
        samples: their bootstrap values on the same resamples, `[samples]` each.
        section: margin (0 for the baseline) and confidence.
    """
    candidate, other = values
    margin = 0.0 if kind == "baseline" else section.margin
    name = f"against {_OTHER_MODELS[kind]}"
    if not (np.isfinite(candidate) and np.isfinite(other)):
        return _result(kind, name, metric, None, margin, None, "refused", f"{metric}: {UNKNOWN}")
    gap = float(loss(metric, candidate, other))
    interval = percentile_interval(loss(metric, samples[0], samples[1]), section.confidence)
    refused = gap > margin and (interval is None or interval[0] > 0)
    verdict: Verdict = "refused" if refused else "passed"
    sentence = (
        f"{metric} is {format_score(candidate)}, {_OTHER_MODELS[kind]} has {format_score(other)} on the same rows: "
        f"{_gap_and_limit(metric, gap, interval, margin, section)}{sentence_end(gap, margin, verdict)}"
    )
    return _result(kind, name, metric, gap, margin, interval, verdict, sentence)


def not_compared(kind: Literal["serving", "best"], metric: str, reason: str, section: TestingSection) -> GateResult:
    """Return the gate of a model that cannot score these rows, such as one with other columns."""
    sentence = f"No comparison with {_OTHER_MODELS[kind]}: {reason}"
    return _result(kind, f"against {_OTHER_MODELS[kind]}", metric, None, section.margin, None, "not_judged", sentence)


def _gap_and_limit(metric: str, gap: float, interval: Interval | None, bound: float, section: TestingSection) -> str:
    span = format_gap_interval(metric, interval, section.confidence)
    return f"{worse_or_better(metric, gap)}{span}; at most {format_gap(metric, bound)} worse is allowed"


def _result(
    kind: Literal["limit", "baseline", "overfitting", "slice", "serving", "best"],
    name: str,
    metric: str,
    value: float | None,
    bound: float,
    interval: Interval | None,
    verdict: Verdict,
    sentence: str,
) -> GateResult:
    return GateResult(
        kind=kind,
        name=name,
        metric=metric,
        value=value,
        limit=bound,
        interval=interval,
        verdict=verdict,
        sentence=sentence,
    )
