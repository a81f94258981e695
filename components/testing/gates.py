"""Gates: the limits that a candidate must be shown to hold. All are judged, so that one run reports every failure.

One rule for all of them: the truth lies, with the plan's confidence, on one side of a bound. A gate has `passed` where
the bound nearest the bad side still holds the limit, is `refused` where the bound nearest the good side breaks it, and
is `undecided` in between, or where no bound can be computed. So want of evidence neither promotes nor refuses. The
rule's error rates, by simulation, are in `docs/decisions.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from sevenfold.contracts.evaluation import GateResult, Interval, Verdict
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing.bounds import Estimate, one_sided
from sevenfold.testing.evidence import resolution, rows_to_hold, rows_to_show
from sevenfold.testing.sentences import (
    OTHER_MODELS,
    UNKNOWN,
    format_bounds,
    format_gap,
    format_gap_bounds,
    format_score,
    undecided_end,
    worse_or_better,
)
from sevenfold.testing.slices import JudgedSlice

__all__ = ["Kind", "comparison", "limit", "not_compared", "overfitting", "slices"]

Kind = Literal["limit", "baseline", "overfitting", "slice", "serving", "best"]
Rival = Literal["baseline", "serving", "best"]
MAX_NAMED: Final = 5  # slices in the sentence


def limit(gate: Gate, measured: Estimate, section: TestingSection) -> GateResult:
    """Judge one limit of the plan by the bounds of the measured value."""
    least, allowed = gate.at_least is not None, gate.at_least if gate.at_least is not None else gate.at_most
    assert allowed is not None  # noqa: S101 - the plan guarantees one of the two
    rule = f"must be {'at least' if least else 'at most'} {format_score(allowed)}"
    name = f"{gate.metric} {'≥' if least else '≤'} {format_score(allowed)}"
    bounds = one_sided(measured, section.confidence)
    if bounds is None:
        value = measured.value if np.isfinite(measured.value) else None
        return _result(
            "limit", name, gate.metric, value, allowed, None, "undecided", f"{gate.metric} {rule}, which {UNKNOWN}"
        )
    signed = (allowed - bounds[1], allowed - bounds[0]) if least else (bounds[0] - allowed, bounds[1] - allowed)
    verdict = _verdict(signed, 0.0)
    joined = {"passed": " and", "refused": ", but", "undecided": ";"}[verdict]
    sentence = (
        f"{gate.metric} {rule}{joined} {'it ' if verdict == 'undecided' else ''}is {format_score(measured.value)}"
    )
    sentence += format_bounds(bounds, section.confidence)
    gap = allowed - measured.value if least else measured.value - allowed
    needed = rows_to_show(measured, gap, section.confidence) if verdict == "undecided" else None
    return _result(
        "limit",
        name,
        gate.metric,
        measured.value,
        allowed,
        bounds,
        verdict,
        f"{sentence}{undecided_end(verdict, needed)}",
        resolves=resolution(measured, section.confidence),
        rows_needed=needed,
    )


def overfitting(metric: str, train: float, test: float, gap: Estimate, section: TestingSection) -> GateResult:
    """Judge how much worse the metric is on the test rows than on the training rows.

    Args:
        metric: the main metric.
        train: its value on training rows.
        test: its value on test rows.
        gap: how much worse the second is, as `loss`.
        section: limit and confidence.
    """
    allowed, bounds = section.max_overfitting, one_sided(gap, section.confidence)
    if bounds is None:
        sentence = f"Overfitting by {metric} {UNKNOWN}"
        return _result("overfitting", "overfitting", metric, None, allowed, None, "undecided", sentence)
    verdict = _verdict(bounds, allowed)
    sentence = (
        f"{metric} is {format_score(train)} on training rows and {format_score(test)} on test rows: "
        f"{_gap_and_limit(metric, gap.value, bounds, allowed, section)}{undecided_end(verdict, None)}"
    )
    return _result("overfitting", "overfitting", metric, gap.value, allowed, bounds, verdict, sentence)


def slices(
    column: str, parts: Sequence[JudgedSlice], metric: str, section: TestingSection, *, judged: int
) -> GateResult:
    """Judge the slices of one column by the score on all test rows; the value is the worst gap.

    All must be shown to hold, so none needs a stricter bound to pass; one is refused by Holm's procedure over the
    `judged` slices of all columns, since among many slices one looks bad by chance. A slice with fewer than
    `min_slice_rows` rows, or without bounds, is not judged.
    """
    allowed, name = section.max_slice_gap, f"slices of {column}"
    judgeable = [part for part in parts if part.judged(section)]
    if not judgeable:
        sentence = f"No slice of {column} has {section.min_slice_rows} rows on which {metric} is defined."
        return _result("slice", name, metric, None, allowed, None, "not_judged", sentence)
    bounds = [one_sided(part.gap, section.confidence) or (-np.inf, np.inf) for part in judgeable]
    refused = _refused_slices(judgeable, section, max(judged, len(judgeable)))
    unknown = [part for part, ends in zip(judgeable, bounds, strict=True) if ends[1] > allowed and part not in refused]
    worst = max(range(len(judgeable)), key=lambda index: judgeable[index].gap.value)
    part, gap = judgeable[worst].result, judgeable[worst].gap.value
    sentence = (
        f"Of {len(judgeable)} slices of {column}, {part.value!r} is worst: {metric} {format_score(part.score or 0.0)} "
        f"on {part.rows:,} rows, {worse_or_better(metric, gap)} than all; "
        f"at most {format_gap(metric, allowed)} worse is allowed"
    )
    if refused:
        sentence += f", beyond chance, which {_named(refused)} exceed{'s' if len(refused) == 1 else ''}"
    elif unknown:
        sentence += f", and the rows do not show whether {_named(unknown)} hold{'s' if len(unknown) == 1 else ''} it"
    verdict: Verdict = "refused" if refused else "undecided" if unknown else "passed"
    return _result("slice", name, metric, gap, allowed, bounds[worst], verdict, f"{sentence}.")


def comparison(
    kind: Rival, metric: str, values: tuple[float, float], gap: Estimate, section: TestingSection
) -> GateResult:
    """Judge the candidate by another model on the same test rows.

    Promoted models are held with the margin; a constant prediction must be beaten.

    Args:
        kind: what the other model is.
        metric: the main metric.
        values: the metric of the candidate and of the other model.
        gap: how much worse the candidate is, as `loss`; `exact` where both predict the same.
        section: margin (0 for the baseline) and confidence.
    """
    (candidate, other), name = values, f"against {OTHER_MODELS[kind]}"
    margin = 0.0 if kind == "baseline" else section.margin
    bounds = one_sided(gap, section.confidence)
    if bounds is None:
        sentence = f"The comparison with {OTHER_MODELS[kind]} by {metric} {UNKNOWN}"
        return _result(kind, name, metric, None, margin, None, "undecided", sentence)
    verdict = _verdict(bounds, margin)
    if kind == "baseline" and verdict == "passed" and bounds[1] >= 0:
        verdict = "undecided"  # as good as a constant is not better than one
    needed = None
    if verdict == "undecided":
        shown = margin == 0 or bounds[0] > 0  # else the models may well be equal, and the margin is the measure
        needed = rows_to_show(gap, gap.value - margin, section.confidence) if shown else None
        needed = needed if shown else rows_to_hold(gap, margin, section.confidence)
    resolves = resolution(gap, section.confidence)
    sentence = (
        f"{metric} is {format_score(candidate)}, {OTHER_MODELS[kind]} has {format_score(other)} on the same rows: "
        f"{_gap_and_limit(metric, gap.value, bounds, margin, section)}"
    )
    if verdict == "undecided" and resolves:
        sentence += f"; these rows can show differences from {format_gap(metric, resolves)} on"
    sentence += undecided_end(verdict, needed)
    return _result(
        kind, name, metric, gap.value, margin, bounds, verdict, sentence, resolves=resolves, rows_needed=needed
    )


def not_compared(kind: Literal["serving", "best"], metric: str, reason: str, section: TestingSection) -> GateResult:
    """Return the gate of a model that cannot score these rows, such as one with other columns: undecided."""
    sentence = f"No comparison with {OTHER_MODELS[kind]}: {reason}"
    return _result(kind, f"against {OTHER_MODELS[kind]}", metric, None, section.margin, None, "undecided", sentence)


def _verdict(bounds: Interval, allowed: float) -> Verdict:
    """Return the verdict on a loss: passed where its upper bound is allowed, refused where its lower one is not."""
    if bounds[1] <= allowed:
        return "passed"
    return "refused" if bounds[0] > allowed else "undecided"


def _refused_slices(parts: Sequence[JudgedSlice], section: TestingSection, judged: int) -> list[JudgedSlice]:
    """Return the slices that break the limit beyond chance (Holm 1979), the clearest first."""
    refused: list[JudgedSlice] = []
    for part in sorted(parts, key=lambda one: -one.excess(section)):
        confidence = 1 - (1 - section.confidence) / (judged - len(refused))
        bounds = one_sided(part.gap, confidence)
        if bounds is None or bounds[0] <= section.max_slice_gap:
            break
        refused.append(part)
    return refused


def _named(parts: Sequence[JudgedSlice]) -> str:
    more = " …" if len(parts) > MAX_NAMED else ""
    return ", ".join(repr(part.result.value) for part in parts[:MAX_NAMED]) + more


def _gap_and_limit(metric: str, gap: float, bounds: Interval, allowed: float, section: TestingSection) -> str:
    span = format_gap_bounds(metric, bounds, section.confidence)
    return f"{worse_or_better(metric, gap)}{span}; at most {format_gap(metric, allowed)} worse is allowed"


def _result(
    kind: Kind,
    name: str,
    metric: str,
    value: float | None,
    allowed: float,
    bounds: Interval | None,
    verdict: Verdict,
    sentence: str,
    *,
    resolves: float | None = None,
    rows_needed: int | None = None,
) -> GateResult:
    return GateResult(
        kind=kind,
        name=name,
        metric=metric,
        value=value,
        limit=allowed,
        interval=bounds,
        verdict=verdict,
        sentence=sentence,
        resolves=resolves,
        rows_needed=rows_needed,
    )
