"""The first thing of a report: the score beside those of the plain models, as a table and as dots with intervals."""

from __future__ import annotations

from typing import Any

from sevenfold.contracts.evaluation import Evaluation
from sevenfold.report import Block, Chart, Finding, Findings, Table
from sevenfold.report.charts import dots
from sevenfold.report.format_value import format_score
from sevenfold.testing.standing import standing, standing_title, warnings

__all__ = ["standing_blocks"]


def standing_blocks(evaluation: Evaluation) -> tuple[Block, ...]:
    """Return warnings, table and chart; nothing where no score is defined or an earlier format has no plain models."""
    lines = standing(evaluation)
    if not lines:
        return ()
    confidence = f"{evaluation.confidence:.0%}"
    table = Table(
        title="What the score is worth",
        columns=("model", evaluation.metric, "this model is", "by", f"{confidence} bounds of that", "interval"),
        rows=tuple((line.name, line.score, line.verdict, line.gain, line.bounds, line.interval) for line in lines),
        caption=f"{standing_title(evaluation)}, the same for all. A difference is shown where its bounds lie "
        "on one side of zero.",
    )
    texts = list(warnings(evaluation))
    noted = Findings(findings=tuple(Finding(level="warning", text=text) for text in texts))
    return (*((noted,) if texts else ()), table, _chart(evaluation))


def _chart(evaluation: Evaluation) -> Chart:
    metric = evaluation.metric
    ends = evaluation.intervals.get(metric)
    rows: list[dict[str, Any]] = [{"model": "this model", "score": evaluation.scores[metric], **_whisker(ends)}]
    for plain in sorted(evaluation.plain, key=lambda one: one.kind == "constant"):
        if plain.score is not None:
            rows.append({"model": plain.name, "score": plain.score, **_whisker(plain.interval)})
    words = "; ".join(f"{row['model']} {format_score(row['score'])}" for row in rows)
    return dots(
        "Scores with their intervals",
        rows,
        "model",
        "score",
        value_title=metric,
        low="low",
        high="high",
        domain=_room(rows),
        wide=True,
        caption=f"Each dot is a score, each bar its {evaluation.confidence:.0%} interval.",
        alt=f"{metric} with intervals: {words}.",
    )


def _room(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the ends of the axis, with a little room beside the outermost."""
    ends = [row[key] for row in rows for key in ("low", "score", "high") if row[key] is not None]
    room = 0.05 * ((max(ends) - min(ends)) or abs(max(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


def _whisker(ends: tuple[float, float] | None) -> dict[str, float | None]:
    return {"low": ends[0] if ends else None, "high": ends[1] if ends else None}
