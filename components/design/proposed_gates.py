"""The gates that a plan is proposed with: from a constant's score, and from what a linear fit gains over it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.schema import Task
from sevenfold.design.column_text import figure
from sevenfold.design.quick_fit import QuickScore, quick_fit

if TYPE_CHECKING:
    from sevenfold.design.findings import Findings

__all__ = ["proposed_gates"]

GUESSING: Final = {"roc_auc": 0.5, "r2": 0.0}  # what a constant scores


def proposed_gates(findings: Findings, test_share: float) -> tuple[list[dict[str, Any]], str]:
    """Return the gates of a plan and the remark that says where their numbers come from.

    The limit is half of what a linear fit gains over a constant on rows that it did not see, or less where so few test
    rows could not show it of a model that is as good as the line. Where the line gains nothing that they could show,
    the limit is what a constant scores.
    """
    columns = [findings.table.columns[name] for name in findings.features]
    late = None if findings.split is None else ~findings.split.train
    line = quick_fit(columns, findings.target, findings.usable.rows, test_share, late)
    limit = _limit(line) if line else None
    if line is not None and limit is not None:
        return [{"metric": line.metric, "at_least": limit}], (
            f"A linear fit has {line.metric} {line.value:.3f} on {line.rows:,} rows that it did not see, a constant "
            f"{GUESSING[line.metric]:g}; on about {line.test_rows:,} test rows that may be {line.low:.3f} or "
            f"{line.high:.3f}. {_share(line, limit)} of the gain must be shown. "
            "Raise the limit to what the use needs."
        )
    remark = (
        "A linear fit gains nothing over a constant that the test rows could show, so the limit is the constant's own "
        "score: a model must be shown to be better. Raise it to what the use needs."
    )
    task = findings.target.task
    if task is not Task.REGRESSION:
        return [{"metric": "roc_auc", "at_least": GUESSING["roc_auc"]}], remark
    if findings.split is None:
        return [{"metric": "r2", "at_least": GUESSING["r2"]}], remark
    spread = findings.profile.columns[findings.target.name].deviation or 1.0
    return [{"metric": "rmse", "at_most": float(figure(1.5 * spread).replace(",", ""))}], (
        "A linear fit gains nothing over a constant that the test rows could show, so the limit is one and a half "
        "times the deviation of the target. A model no better than a constant is not promoted in any case."
    )


def _limit(line: QuickScore) -> float | None:
    """Return the limit, rounded down; None where it would not lie above what a constant scores."""
    guess = GUESSING[line.metric]
    limit = min((guess + line.value) / 2, line.floor)
    rounded = math.floor(limit * 100) / 100
    return rounded if rounded > guess else None


def _share(line: QuickScore, limit: float) -> str:
    gain = (limit - GUESSING[line.metric]) / (line.value - GUESSING[line.metric])
    return "Half" if gain > 0.45 else f"A share of {gain:.0%}"
