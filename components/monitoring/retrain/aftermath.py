"""What follows from the end of a run: nothing, another attempt, or a call for a person. Pure, as `decide` is."""

from __future__ import annotations

from sevenfold.monitoring.retrain.decide import (
    FAILED,
    MOST_FAILURES,
    NEVER_RAN,
    Action,
    Decision,
    History,
    Reason,
    Rules,
    backoff_seconds,
    failures_in_a_row,
)
from sevenfold.plan.monitoring import Trigger

__all__ = ["what_follows"]


def what_follows(state: str, sentence: str, rules: Rules | None, history: History) -> Decision:
    """Return what follows from a run's end.

    Where no better model came of it the cause stays, and a person looks. A run that failed is tried again, twice, where
    drift asked for it; where the clock did, the next tick may be a week away, so a person is called at once.

    Args:
        state: how it ended.
        sentence: why.
        rules: of its plan; None where that is no longer given.
        history: the runs of the plan, this end among them.
    """
    if state == "promoted":
        return Decision(Action.NOTE, Reason.PROMOTED, f"A better model serves. {sentence}")
    if state == "waiting":
        return Decision(Action.PAGE, Reason.WAITING, f"A candidate waits for approval. {sentence}")
    if state == NEVER_RAN:
        return Decision(Action.NOTE, Reason.SUPERSEDED, f"The retraining is not started. {sentence}")
    if state == "overdue":
        return Decision(Action.PAGE, Reason.OVERDUE, f"The old model stays. It took too long and was ended. {sentence}")
    if state in ("refused", "rolled back"):
        return Decision(Action.PAGE, Reason.NOT_PROMOTED, f"The old model stays. {sentence}")
    failures = failures_in_a_row(history.runs)
    if failures >= MOST_FAILURES:
        start = f"The old model stays, and no retraining starts before a person acknowledges it: {failures} in a row"
        return Decision(Action.PAGE, Reason.FAILING, f"{start} brought no verdict. {sentence}")
    if state == FAILED and rules is not None and rules.section.trigger is Trigger.DRIFT:
        hours = backoff_seconds(failures, rules.section) / 3_600
        start = f"The old model stays. It is tried again, at the earliest in {hours:.1f} hours"
        return Decision(Action.NOTE, Reason.NOT_FINISHED, f"{start}. {sentence}")
    return Decision(Action.PAGE, Reason.NOT_FINISHED, f"The old model stays. {sentence}")
