"""What a score is worth, in words: beside a constant prediction and a linear model, and what should make one wary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sevenfold.contracts.evaluation import Evaluation, Interval, PlainModel
from sevenfold.testing.sentences import format_gap, format_score, worse_or_better

__all__ = ["Line", "standing", "standing_title", "warnings"]


class Line(NamedTuple):
    """One model: its name, its score, the interval of the score, and what the candidate is beside it."""

    name: str
    score: str
    interval: str
    candidate: str


def standing_title(evaluation: Evaluation) -> str:
    """Return what the lines are about."""
    return f"{evaluation.metric} on {evaluation.rows['test']:,} test rows"


def standing(evaluation: Evaluation) -> list[Line]:
    """Return a line for the candidate and one for each plain model on the same rows; none where nothing was scored."""
    value = evaluation.scores.get(evaluation.metric)
    if value is None or not evaluation.plain:
        return []
    own = Line("this model", format_score(value), _span(evaluation.intervals.get(evaluation.metric)), "")
    return [
        own,
        *(_line(evaluation, plain) for plain in sorted(evaluation.plain, key=lambda one: one.kind == "constant")),
    ]


def warnings(evaluation: Evaluation) -> Iterator[str]:
    """Yield what a person should know before the model is used: that it is no better than a line, or too good."""
    for gate in evaluation.gates:
        if gate.kind == "suspect" and gate.verdict != "passed":
            yield gate.sentence
    value = evaluation.scores.get(evaluation.metric)
    for plain in evaluation.plain:
        if plain.kind != "linear" or value is None or plain.score is None:
            continue
        scores = (
            f"{evaluation.metric} is {format_score(plain.score)}, that of this model {format_score(value)} "
            "on the same rows"
        )
        if plain.verdict == "worse":
            yield f"A plain {plain.name} does better: its {scores}."
        elif plain.verdict == "alike":
            yield f"A plain {plain.name} does as well, as far as these rows show: its {scores}."


def _line(evaluation: Evaluation, plain: PlainModel) -> Line:
    if plain.score is None or plain.gain is None:
        return Line(plain.name, "–", "", plain.reason)
    return Line(plain.name, format_score(plain.score), _span(plain.interval), _beside(evaluation, plain))


def _beside(evaluation: Evaluation, plain: PlainModel) -> str:
    """Return the verdict, the difference and its bounds.

    As in "better by 0.05 (0.03 to 0.07)", "no different as far as these rows show (0.01 worse to 0.02 better)".
    """
    metric, gain = evaluation.metric, plain.gain or 0.0
    if plain.bounds is None:
        return f"{worse_or_better(metric, -gain)}; {plain.reason}".rstrip("; ")
    low, high = plain.bounds
    if plain.verdict == "alike":
        if low == high:
            return "no different: it predicts the same"
        between = f"{worse_or_better(metric, -low)} to {worse_or_better(metric, -high)}"
        return f"no different as far as these rows show ({between})"
    ends = sorted((abs(low), abs(high)))
    by = f"{format_gap(metric, abs(gain))} ({format_gap(metric, ends[0])} to {format_gap(metric, ends[1])})"
    return f"{plain.verdict} by {by}"


def _span(interval: Interval | None) -> str:
    return f"{format_score(interval[0])} to {format_score(interval[1])}" if interval else ""
