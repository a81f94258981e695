"""Sentences of gates: numbers, gaps and intervals in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sevenfold.contracts.evaluation import GateResult, Interval, Verdict

__all__ = [
    "RELATIVE",
    "UNKNOWN",
    "decision_sentence",
    "format_gap",
    "format_gap_interval",
    "format_score",
    "sentence_end",
    "worse_or_better",
]

RELATIVE: Final = frozenset({"rmse", "mae"})  # metrics whose gaps are shares of the reference
UNKNOWN: Final = "it cannot be computed on these rows: too few of them, or one class only."


def format_score(value: float) -> str:
    """Return a score with four significant digits, from 1,000 on as a whole number.

    >>> format_score(0.71449), format_score(1234.56), format_score(0.75)
    ('0.7145', '1,235', '0.75')
    """
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def format_gap(metric: str, gap: float) -> str:
    """Return a gap in the metric's unit, for `RELATIVE` metrics in percent.

    >>> format_gap("roc_auc", 0.02), format_gap("rmse", 0.1111)
    ('0.02', '11.11%')
    """
    return f"{gap:.2%}" if metric in RELATIVE else format_score(gap)


def worse_or_better(metric: str, gap: float) -> str:
    """Return the gap between two models; positive is worse.

    >>> worse_or_better("roc_auc", 0.02), worse_or_better("roc_auc", -0.02), worse_or_better("roc_auc", 0.0)
    ('0.02 worse', '0.02 better', 'equal')
    """
    if gap == 0:
        return "equal"
    return f"{format_gap(metric, abs(gap))} {'worse' if gap > 0 else 'better'}"


def format_gap_interval(metric: str, interval: Interval | None, confidence: float) -> str:
    """Return the interval of a gap in brackets, from its better end to its worse one; empty without an interval.

    >>> format_gap_interval("roc_auc", (-0.01, 0.02), 0.9)
    ' (90% interval: 0.01 better to 0.02 worse)'
    """
    if interval is None:
        return ""
    low, high = interval
    if low >= 0 or high <= 0:
        near, far = sorted((abs(low), abs(high)))
        span = f"{format_gap(metric, near)} to {format_gap(metric, far)} {'worse' if high > 0 else 'better'}"
    else:
        span = f"{worse_or_better(metric, low)} to {worse_or_better(metric, high)}"
    return f" ({confidence:.0%} interval: {span})"


def sentence_end(gap: float, limit: float, verdict: Verdict) -> str:
    """Return the end of a gate's sentence, which explains a gap beyond the limit that passes nevertheless."""
    return ", which is exceeded, but not by more than chance." if gap > limit and verdict == "passed" else "."


def decision_sentence(results: Sequence[GateResult], metric: str, value: float | None, rows: int) -> str:
    """Return the score on the test rows, how many gates hold, and the names of those that do not."""
    score = f"{metric} is {format_score(value) if value is not None else 'undefined'} on {rows:,} test rows"
    refused = [gate for gate in results if gate.verdict == "refused"]
    not_judged = sum(gate.verdict == "not_judged" for gate in results)
    if refused:
        names = ", ".join(gate.name for gate in refused)
        return f"{score}; {len(refused)} of {len(results)} gates fail: {names}."
    if not_judged:
        return f"{score}; {len(results) - not_judged} of {len(results)} gates hold, {not_judged} could not be judged."
    return f"{score}; all {len(results)} gates hold."
