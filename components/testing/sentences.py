"""Sentences of gates: numbers, gaps and intervals in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sevenfold.contracts.evaluation import GateResult, Interval, Verdict
from sevenfold.report.format_value import format_score

__all__ = [
    "CONSTANTS",
    "OTHER_MODELS",
    "RELATIVE",
    "UNKNOWN",
    "decision_sentence",
    "format_bounds",
    "format_gap",
    "format_gap_bounds",
    "format_score",
    "undecided_end",
    "worse_or_better",
]

RELATIVE: Final = frozenset({"rmse", "mae"})  # metrics whose gaps are shares of the reference
CONSTANTS: Final = {"always_no": "always no", "always_yes": "always yes"}  # decisions that need no model
OTHER_MODELS: Final = {
    "baseline": "a constant prediction",
    "serving": "the model now serving",
    "best": "the best model ever promoted",
}
UNKNOWN: Final = "cannot be judged on these rows: too few of them, or all with the same truth."


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


def format_bounds(bounds: Interval, confidence: float) -> str:
    """Return the bounds of a value in brackets.

    >>> format_bounds((0.68, 0.74), 0.95)
    ' (95% bounds: 0.68 and 0.74)'
    """
    return f" ({confidence:.0%} bounds: {format_score(bounds[0])} and {format_score(bounds[1])})"


def format_gap_bounds(metric: str, bounds: Interval, confidence: float) -> str:
    """Return the bounds of a gap in brackets, the better one first; empty where they are the gap itself.

    >>> format_gap_bounds("roc_auc", (-0.01, 0.02), 0.9)
    ' (90% bounds: 0.01 better and 0.02 worse)'
    """
    low, high = bounds
    if low == high:
        return ""
    return f" ({confidence:.0%} bounds: {worse_or_better(metric, low)} and {worse_or_better(metric, high)})"


def undecided_end(verdict: Verdict, needed: int | None) -> str:
    """Return the end of a gate's sentence, which says of an undecided one that these rows show neither, and what would.

    >>> undecided_end("undecided", 13_000)
    '. Undecided: about 13,000 rows would show it.'
    """
    if verdict != "undecided":
        return "."
    return f". Undecided: about {needed:,} rows would show it." if needed else ". Undecided: these rows show neither."


def decision_sentence(results: Sequence[GateResult], metric: str, value: float | None, rows: int) -> str:
    """Return the score on the test rows, beside that of the model before it where one serves, and how the gates went.

    Named are the gates that fail or, where none does, those that the rows do not decide.
    """
    score = f"{metric} is {format_score(value) if value is not None else 'undefined'} on {rows:,} test rows"
    score += _beside_the_model_before(results, metric)
    by_verdict = {verdict: [g for g in results if g.verdict == verdict] for verdict in ("refused", "undecided")}
    if by_verdict["refused"]:
        names = ", ".join(gate.name for gate in by_verdict["refused"])
        return f"{score}; {len(by_verdict['refused'])} of {len(results)} gates fail: {names}."
    if by_verdict["undecided"]:
        unknown = by_verdict["undecided"]
        names = ", ".join(gate.name for gate in unknown)
        return f"{score}; the rows do not decide {len(unknown)} of {len(results)} gates: {names}.{_more_rows(unknown)}"
    not_judged = sum(gate.verdict == "not_judged" for gate in results)
    if not_judged:
        return f"{score}; {len(results) - not_judged} of {len(results)} gates hold, {not_judged} could not be judged."
    return f"{score}; all {len(results)} gates hold."


def _beside_the_model_before(results: Sequence[GateResult], metric: str) -> str:
    against = f"against {OTHER_MODELS['serving']}"  # a retraining compares the two on other rows, too
    gap = next((gate.value for gate in results if gate.name == against), None)
    if gap is None:
        return ""
    return f", {worse_or_better(metric, gap)} {'to' if gap == 0 else 'than'} the model before it"


def _more_rows(undecided: Sequence[GateResult]) -> str:
    needed = [gate.rows_needed for gate in undecided]
    known = [rows for rows in needed if rows]
    if not known:
        return ""
    all_of_them = "them" if len(known) > 1 else "it"
    decided = all_of_them if len(known) == len(undecided) else f"{len(known)} of them"
    return f" About {max(known):,} test rows would decide {decided}."
