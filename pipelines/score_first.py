"""The first lines of a run's console and page: the score beside a constant prediction's and a linear model's."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.pipelines.runs import RunFolder
from sevenfold.testing.standing import standing, standing_title, warnings

if TYPE_CHECKING:
    from sevenfold.report import Report

__all__ = ["evaluation_of", "score_first", "score_lines", "score_warnings"]

COLUMNS: Final = 99
INDENT: Final = 2


def evaluation_of(folder: RunFolder) -> Evaluation | None:
    """Return what testing left in a run's folder; None where it left nothing that can be read."""
    path = folder.artifact("test-model", "evaluation")
    try:
        return Evaluation.open(path) if path else None
    except IntegrityError:
        return None


def score_lines(evaluation: Evaluation) -> list[str]:
    """Return a title and a line per model, of less than 100 columns; nothing where no score is defined."""
    lines = standing(evaluation)
    if not lines:
        return []
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    start = INDENT + sum(widths) + 2 * len(widths)
    shown = [f"{standing_title(evaluation)}, with {evaluation.confidence:.0%} intervals"]
    for line in lines:
        head = "  ".join(f"{text:<{width}}" for text, width in zip(line[:3], widths, strict=True))
        first, *more = textwrap.wrap(line.candidate, max(20, COLUMNS - start), break_long_words=False) or [""]
        shown.append(f"{' ' * INDENT}{head}  {first}".rstrip())
        shown += [" " * start + text for text in more]
    return shown


def score_warnings(evaluation: Evaluation) -> list[str]:
    """Return what a person should know before the model is used."""
    return list(warnings(evaluation))


def score_first(evaluation: Evaluation | None, reports: list[Report]) -> list[Report]:
    """Return the reports of a run with the score before all others; what is moved there is left out of testing's."""
    from sevenfold.report import Report
    from sevenfold.testing.standing_blocks import standing_blocks

    blocks = standing_blocks(evaluation) if evaluation is not None else ()
    if evaluation is None or not blocks:
        return reports
    _, *others = standing(evaluation)
    compared = "; ".join(f"{line.name} {line.score}" for line in others)
    own = standing(evaluation)[0]
    interval = f" ({own.interval})" if own.interval else ""
    lead = Report(
        stage="score",
        title="Score",
        headline=f"{standing_title(evaluation)}: {own.score}{interval}; {compared}.",
        level="warning" if score_warnings(evaluation) else "info",
        blocks=blocks,
    )
    rest = [
        report.model_copy(update={"blocks": tuple(block for block in report.blocks if block not in blocks)})
        if report.stage == "testing"
        else report
        for report in reports
    ]
    return [lead, *rest]
