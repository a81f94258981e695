"""What a score is worth, in words: beside a constant prediction and a linear model, and what should make one wary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sevenfold.contracts.evaluation import Evaluation, Interval, PlainModel
from sevenfold.testing.sentences import format_gap, format_score, worse_or_better

__all__ = ["Line", "standing", "standing_title", "warnings"]

ALIKE: Final = "no different as far as these rows show"


class Line(NamedTuple):
    """One model: its name, score and interval; what the candidate is beside it, by how much, within which bounds."""

    name: str
    score: str
    interval: str
    verdict: str = ""
    gain: str = ""
    bounds: str = ""

    @property
    def candidate(self) -> str:
        """Return what the candidate is beside it: "better by 0.05 (0.03 to 0.07)"."""
        if self.verdict == ALIKE:
            return f"{ALIKE} ({self.bounds})"
        return " by ".join(filter(None, (self.verdict, self.gain))) + (f" ({self.bounds})" if self.bounds else "")


def standing_title(evaluation: Evaluation) -> str:
    """Return what the lines are about."""
    return f"{evaluation.metric} on {evaluation.rows['test']:,} test rows"


def standing(evaluation: Evaluation) -> list[Line]:
    """Return a line for the candidate and one for each plain model on the same rows; none where nothing was scored."""
    value = evaluation.scores.get(evaluation.metric)
    if value is None or not evaluation.plain:
        return []
    own = Line("this model", format_score(value), _span(evaluation.intervals.get(evaluation.metric)))
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
        elif plain.verdict == "alike" and plain.bounds != (0, 0):  # else it is that model, and its line says so
            yield f"A plain {plain.name} does as well, as far as these rows show: its {scores}."


def _line(evaluation: Evaluation, plain: PlainModel) -> Line:
    metric = evaluation.metric
    if plain.score is None or plain.gain is None:
        return Line(plain.name, "–", "", plain.reason)
    head = (plain.name, format_score(plain.score), _span(plain.interval))
    gain = format_gap(metric, abs(plain.gain))
    if plain.bounds is None:
        return Line(*head, f"{worse_or_better(metric, -plain.gain)}; {plain.reason}")
    low, high = plain.bounds
    if low == high == 0:
        return Line(*head, "no different: it predicts the same")
    if plain.verdict == "alike":
        signed = worse_or_better(metric, -plain.gain)
        return Line(*head, ALIKE, signed, f"{worse_or_better(metric, -low)} to {worse_or_better(metric, -high)}")
    near, far = sorted((abs(low), abs(high)))
    return Line(*head, plain.verdict, gain, f"{format_gap(metric, near)} to {format_gap(metric, far)}")


def _span(interval: Interval | None) -> str:
    return f"{format_score(interval[0])} to {format_score(interval[1])}" if interval else ""
