"""Gates: the limits a candidate must hold to be promoted. All are evaluated, so that one run tells everything.

A limit of the plan is compared with the measured value. The other gates refuse only a breach that is both large and
more than chance: overfitting and slices where even the favourable end of the interval is beyond the limit, a
comparison where the candidate is worse by more than the margin and the whole interval says worse. What cannot be
computed is refused, since nothing speaks for it; a comparison that is impossible is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.evaluation import GateResult, Interval, SliceResult, Verdict
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing.bootstrap import interval

__all__ = ["comparison", "decision_sentence", "limit", "loss", "not_compared", "overfitting", "slices"]

Floats = NDArray[np.float64]

RELATIVE: Final = frozenset({"rmse", "mae"})
NAMED: Final = 5  # failing slices told in the sentence
_RIVALS: Final = {
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


def limit(gate: Gate, value: float, found: Interval | None, section: TestingSection) -> GateResult:
    """Judge one limit of the plan by the measured value; the interval is told beside it."""
    bound, least = (gate.at_least, True) if gate.at_least is not None else (gate.at_most, False)
    assert bound is not None  # noqa: S101 - the plan guarantees one of the two
    rule = f"must be {'at least' if least else 'at most'} {told(bound)}"
    name = f"{gate.metric} {'≥' if least else '≤'} {told(bound)}"
    if not np.isfinite(value):
        return _result("limit", name, gate.metric, None, bound, None, "refused", f"{gate.metric} {rule}, but {UNKNOWN}")
    holds = value >= bound if least else value <= bound
    sentence = f"{gate.metric} {rule} and is {told(value)}"
    if found is not None:
        sentence += f" ({section.confidence:.0%} interval: {told(found[0])} to {told(found[1])})"
    sentence = sentence if holds else sentence.replace(" and is ", ", but is ")
    if found is not None and found[0] < bound < found[1]:
        sentence += "; the limit lies inside the interval, so chance has a part in this"
    return _result("limit", name, gate.metric, value, bound, found, "passed" if holds else "refused", sentence + ".")


def overfitting(
    metric: str, train: float, test: float, drawn: tuple[Floats, Floats], section: TestingSection
) -> GateResult:
    """Judge how much worse the metric is on the test rows than on the training rows.

    Args:
        metric: the main metric.
        train: its value on training rows.
        test: its value on test rows.
        drawn: its bootstrap values on training and on test rows, `[samples]` each.
        section: limit and confidence.
    """
    bound = section.max_overfitting
    if not (np.isfinite(train) and np.isfinite(test)):
        return _result("overfitting", "overfitting", metric, None, bound, None, "refused", f"{metric}: {UNKNOWN}")
    gap, found = float(loss(metric, test, train)), interval(loss(metric, drawn[1], drawn[0]), section.confidence)
    verdict = _beyond(gap, bound, found)
    sentence = (
        f"{metric} is {told(train)} on training rows and {told(test)} on test rows: "
        f"{_worse(metric, gap)}{_between(found, section, metric)}; at most {_amount(metric, bound)} worse is allowed"
    )
    return _result(
        "overfitting", "overfitting", metric, gap, bound, found, verdict, sentence + _chance(gap, bound, verdict)
    )


def slices(column: str, found: Sequence[SliceResult], metric: str, whole: float, section: TestingSection) -> GateResult:
    """Judge the slices of one column against the whole of the test rows; the value is the worst gap.

    A slice with fewer than `min_slice_rows` rows, or on which the metric is undefined, is not judged.
    """
    bound, judged, refused = section.max_slice_gap, [], []
    for part in found:
        if part.rows < section.min_slice_rows or part.score is None or part.interval is None:
            continue
        gap = float(loss(metric, part.score, whole))
        ends = sorted(float(loss(metric, end, whole)) for end in part.interval)
        judged.append((gap, (ends[0], ends[1]), part))
        if gap > bound and ends[0] > bound:
            refused.append(part)
    if not judged or not np.isfinite(whole):
        sentence = f"No slice of {column} has {section.min_slice_rows} rows on which {metric} is defined."
        return _result("slice", f"slices of {column}", metric, None, bound, None, "not_judged", sentence)
    gap, ends_, worst = max(judged, key=lambda entry: entry[0])
    sentence = (
        f"Of {len(judged)} slices of {column}, {worst.value!r} is worst: {metric} {told(worst.score or 0.0)} "
        f"on {worst.rows:,} rows, {_worse(metric, gap)} than all; at most {_amount(metric, bound)} worse is allowed"
    )
    if refused:
        names = ", ".join(repr(part.value) for part in refused[:NAMED]) + (" …" if len(refused) > NAMED else "")
        sentence += f", beyond chance, which {names} exceed{'s' if len(refused) == 1 else ''}"
    verdict: Verdict = "refused" if refused else "passed"
    return _result("slice", f"slices of {column}", metric, gap, bound, ends_, verdict, sentence + ".")


def comparison(
    kind: Literal["baseline", "serving", "best"],
    metric: str,
    values: tuple[float, float],
    drawn: tuple[Floats, Floats],
    section: TestingSection,
) -> GateResult:
    """Judge the candidate against another model on the same test rows.

    Args:
        kind: what the other model is.
        metric: the main metric.
        values: the metric of the candidate and of the other model.
        drawn: their bootstrap values on the same resamples, `[samples]` each.
        section: margin (0 against the baseline) and confidence.
    """
    candidate, other = values
    margin = 0.0 if kind == "baseline" else section.margin
    name = f"against {_RIVALS[kind]}"
    if not (np.isfinite(candidate) and np.isfinite(other)):
        return _result(kind, name, metric, None, margin, None, "refused", f"{metric}: {UNKNOWN}")
    gap, found = float(loss(metric, candidate, other)), interval(loss(metric, drawn[0], drawn[1]), section.confidence)
    refused = gap > margin and (found is None or found[0] > 0)
    sentence = (
        f"{metric} is {told(candidate)}, {_RIVALS[kind]} has {told(other)} on the same rows: "
        f"{_worse(metric, gap)}{_between(found, section, metric)}; at most {_amount(metric, margin)} worse is allowed"
    )
    verdict: Verdict = "refused" if refused else "passed"
    return _result(kind, name, metric, gap, margin, found, verdict, sentence + _chance(gap, margin, verdict))


def not_compared(kind: Literal["serving", "best"], metric: str, why: str, section: TestingSection) -> GateResult:
    """Return the gate of a model that cannot score these rows, such as one with other columns."""
    sentence = f"No comparison with {_RIVALS[kind]}: {why}"
    return _result(kind, f"against {_RIVALS[kind]}", metric, None, section.margin, None, "not_judged", sentence)


def decision_sentence(found: Sequence[GateResult], metric: str, value: float | None, rows: int) -> str:
    """Return the decision of all gates and its reasons."""
    refused = [gate for gate in found if gate.verdict == "refused"]
    score = f"{metric} is {told(value) if value is not None else 'undefined'} on {rows:,} test rows"
    blind = sum(gate.verdict == "not_judged" for gate in found)
    if not refused and blind:
        return f"{score}; {len(found) - blind} of {len(found)} gates hold, {blind} could not be judged."
    if not refused:
        return f"{score}; all {len(found)} gates hold."
    names = ", ".join(gate.name for gate in refused)
    return f"{score}; {len(refused)} of {len(found)} gates fail: {names}."


def told(value: float) -> str:
    """Return a number as gates and reports tell it: four significant digits.

    >>> told(0.71449), told(1234.56), told(0.75)
    ('0.7145', '1,235', '0.75')
    """
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


UNKNOWN: Final = "it cannot be computed on these rows: too few of them, or one class only."


def _result(
    kind: Literal["limit", "baseline", "overfitting", "slice", "serving", "best"],
    name: str,
    metric: str,
    value: float | None,
    bound: float,
    found: Interval | None,
    verdict: Verdict,
    sentence: str,
) -> GateResult:
    return GateResult(
        kind=kind,
        name=name,
        metric=metric,
        value=value,
        limit=bound,
        interval=found,
        verdict=verdict,
        sentence=sentence,
    )


def _beyond(gap: float, bound: float, found: Interval | None) -> Verdict:
    return "refused" if gap > bound and (found is None or found[0] > bound) else "passed"


def _chance(gap: float, bound: float, verdict: Verdict) -> str:
    return ", which is exceeded, but not by more than chance." if gap > bound and verdict == "passed" else "."


def _amount(metric: str, gap: float) -> str:
    return f"{gap:.2%}" if metric in RELATIVE else told(gap)


def _worse(metric: str, gap: float) -> str:
    if gap == 0:
        return "equal"
    return f"{_amount(metric, abs(gap))} {'worse' if gap > 0 else 'better'}"


def _between(found: Interval | None, section: TestingSection, metric: str) -> str:
    """Return the interval of a gap in words, from its better end to its worse one."""
    if found is None:
        return ""
    low, high = found
    if low >= 0 or high <= 0:
        near, far = sorted((abs(low), abs(high)))
        span = f"{_amount(metric, near)} to {_amount(metric, far)} {'worse' if high > 0 else 'better'}"
    else:
        span = f"{_worse(metric, low)} to {_worse(metric, high)}"
    return f" ({section.confidence:.0%} interval: {span})"
