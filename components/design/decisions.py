"""What a proposed plan says of a binary model's decisions: the threshold, and how its choice is steered."""

from __future__ import annotations

from typing import Any

from sevenfold.contracts.schema import Task
from sevenfold.scoring.threshold import RARE

__all__ = ["propose_decisions"]


def propose_decisions(task: Task, positives: float) -> tuple[dict[str, Any], str]:
    """Return the keys of `testing` that decide yes or no, and the remark above the first; none for other tasks.

    The main metric stays one of ranking, which no threshold can flatter: a model may be promoted before anyone knows
    what its mistakes cost.

    Args:
        task: the target's.
        positives: share of positive rows.
    """
    if task is not Task.BINARY:
        return {}, ""
    by = "f1, which looks at the rare yes alone" if positives < RARE else "balanced accuracy"
    remark = (
        f"The probability from which a row is a yes, chosen in training on the validation rows: here by {by}. "
        "A gate on f1, accuracy, recall or precision, or what mistakes cost, chooses it instead: "
        "costs: {false_positive: 1, false_negative: 10}"
    )
    return {"threshold": "auto"}, remark
