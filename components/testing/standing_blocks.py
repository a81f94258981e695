"""The first thing of a report: the score beside those of the plain models, as a table and as dots with intervals."""

from __future__ import annotations

from sevenfold.contracts.evaluation import Evaluation
from sevenfold.report import Block, Chart, Finding, Findings, Table
from sevenfold.report.charts import dots
from sevenfold.testing.standing import standing, standing_title, warnings

__all__ = ["standing_blocks"]


def standing_blocks(evaluation: Evaluation) -> tuple[Block, ...]:
    """Return warnings, table and chart; nothing where no score is defined or an earlier format has no plain models."""
    lines = standing(evaluation)
    if not lines:
        return ()
    title = standing_title(evaluation)
    table = Table(
        title=f"{title[0].upper()}{title[1:]}",
        columns=("model", "score", f"{evaluation.confidence:.0%} interval", "this model is"),
        rows=tuple(tuple(line) for line in lines),
        caption="All on the same rows. The bounds of a difference are in brackets; it counts as shown where they do "
        "not include zero.",
    )
    texts = sorted(set(warnings(evaluation)))
    noted = Findings(findings=tuple(Finding(level="warning", text=text) for text in texts))
    return (*((noted,) if texts else ()), table, _chart(evaluation))


def _chart(evaluation: Evaluation) -> Chart:
    metric = evaluation.metric
    ends = evaluation.intervals.get(metric)
    rows = [{"model": "this model", "score": evaluation.scores[metric], **_whisker(ends)}]
    for plain in sorted(evaluation.plain, key=lambda one: one.kind == "constant"):
        if plain.score is not None:
            rows.append({"model": plain.name, "score": plain.score, **_whisker(plain.interval)})
    words = "; ".join(f"{row['model']} {row['score']:.4g}" for row in rows)
    return dots(
        "What the score is worth",
        rows,
        "model",
        "score",
        value_title=metric,
        low="low",
        high="high",
        caption=f"Each dot is a score, each bar its {evaluation.confidence:.0%} interval.",
        alt=f"{metric} with intervals: {words}.",
    )


def _whisker(ends: tuple[float, float] | None) -> dict[str, float | None]:
    return {"low": ends[0] if ends else None, "high": ends[1] if ends else None}
