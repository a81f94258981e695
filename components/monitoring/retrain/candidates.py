"""Candidates beside the serving model: what each retraining brought, and how it compared with what served then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.report import Table
from sevenfold.report.format_value import format_score
from sevenfold.report.model import Level

__all__ = ["Candidate", "candidates_table"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One retraining's model: how its run ended, its score, and the sentences of the gates that compare it.

    `score` and `interval` are of the main metric on its own test rows; None where the run did not come that far.
    """

    run: str
    state: str
    metric: str = ""
    score: float | None = None
    interval: tuple[float, float] | None = None
    compared: str = ""


def candidates_table(candidates: Sequence[Candidate]) -> Table:
    """Return a row per candidate, the newest first."""
    metric = next((one.metric for one in reversed(candidates) if one.metric), "score")
    newest = list(reversed(candidates))
    return Table(
        title="Candidates beside the serving model",
        columns=("Run", "Ended as", metric, "Beside what served then"),
        rows=tuple((one.run, one.state, _score(one), one.compared or None) for one in newest),
        levels=tuple(_level(one) for one in newest),
        stacked=True,
        caption="Scores are of each candidate's own test rows, with their interval; the last column compares both "
        "models on the same rows.",
    )


def _score(one: Candidate) -> str | None:
    if one.score is None:
        return None
    interval = " ({} to {})".format(*map(format_score, one.interval)) if one.interval else ""
    return f"{format_score(one.score)}{interval}"


def _level(one: Candidate) -> Level | None:
    return "good" if one.state == "promoted" else "warning" if one.state in ("refused", "rolled back") else None
