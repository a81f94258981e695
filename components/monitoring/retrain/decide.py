"""Decide what follows from a cause: one run, nothing, or a call for a person. Pure: no clock, no file, no network.

Rules, in the order in which they are asked; the first that applies decides:

1. A cause of another trigger, another plan, without a measurement, or from the future starts nothing.
2. A cause that has had its run has no second one, however often and by however many it is sent. A run that failed was
   none, and neither was one that brought no model before a person acknowledged it.
3. An alert about a bundle that no longer serves starts nothing.
4. While a run goes on, or its candidate waits for approval, none starts.
5. After `MOST_FAILURES` runs in a row that came to no end of their own, none starts before a person acknowledges it.
6. After `max_runs_per_day` runs in 24 hours a person is called, once; then nothing starts.
7. In the cooldown after a run, none starts; after one that failed the wait is shorter, and doubles. A schedule has its
   own distance.
8. Without enough new rows that carry a target there is nothing to learn from.

An acknowledgement begins anew: what ended before it counts for no failure, no wait after one, and no budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.plan.monitoring import RetrainSection, Trigger

__all__ = [
    "DAY_SECONDS",
    "FAILED",
    "FUTURE_SECONDS",
    "MOST_FAILURES",
    "NEVER_RAN",
    "UNANSWERED",
    "Action",
    "Decision",
    "History",
    "PastRun",
    "Reason",
    "Rules",
    "backoff_seconds",
    "decide",
    "failures_in_a_row",
]

DAY_SECONDS: Final = 86_400.0
FUTURE_SECONDS: Final = 60.0  # by which two clocks may differ
MOST_FAILURES: Final = 3  # in a row
BACKOFF_SECONDS: Final = 3_600.0  # after the first failure; it doubles, up to the cooldown
FAILED: Final = "failed"  # the state of a run that is tried again
NEVER_RAN: Final = "superseded"  # the state of a run that was decided and not started
WAITING: Final = "waiting"
# States of runs that came to no verdict about a model.
UNANSWERED: Final = frozenset({FAILED, "overdue", "gone", "canceled", "interrupted", "unknown"})
LATE_SECONDS: Final = 600.0  # by which a tick may be seen late: the next day's is not within 24 hours because of it


class Action(StrEnum):
    """What a decision does."""

    START = "start"  # one run
    SUPPRESS = "suppress"  # nothing
    PAGE = "page"  # a person is called
    NOTE = "note"  # nothing was asked


class Reason(StrEnum):
    """Why."""

    CAUSE = "cause"  # every rule is kept
    OFF = "off"
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"
    FUTURE = "future"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    RUNNING = "running"
    BUDGET = "budget"
    COOLDOWN = "cooldown"
    FEW_ROWS = "few_rows"
    WINDOW = "window"
    LABELS = "labels"
    ROWS = "rows"
    RESOLVED = "resolved"
    PROMOTED = "promoted"
    WAITING = "waiting"
    NOT_PROMOTED = "not_promoted"
    NOT_FINISHED = "not_finished"
    SCHEDULED = "scheduled"
    FAILING = "failing"
    BACKOFF = "backoff"
    OVERDUE = "overdue"
    RELEASING = "releasing"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a plan allows; `namespace` "" accepts a cause of any. A run that takes longer than `hours` is ended."""

    name: str
    section: RetrainSection
    namespace: str = ""
    hours: float = 24.0


@dataclass(frozen=True)
class PastRun:
    """A run that was decided: its cause's keys, when, whether it is over, how and when it ended.

    `bundle` is the label of the model that its cause was about, "" where that was not said. `acknowledged` says that a
    person has seen its end. Moments are seconds since 1970.
    """

    keys: frozenset[str]
    moment: float
    over: bool
    state: str = ""
    ended: float | None = None
    bundle: str = ""
    acknowledged: bool = False

    @property
    def answers(self) -> bool:
        """Whether its causes need no other run."""
        if not self.over or self.state in ("promoted", WAITING):
            return True
        return self.state not in (FAILED, NEVER_RAN) and not self.acknowledged


@dataclass(frozen=True)
class History:
    """The runs of one plan, oldest first, and when a person was last called because of the budget."""

    runs: Sequence[PastRun] = ()
    budget_paged: float | None = None


@dataclass(frozen=True)
class Decision:
    """What was decided, why, and the same in a sentence."""

    action: Action
    reason: Reason
    sentence: str


def decide(cause: Cause, history: History, rules: Rules, *, now: float, wall: float, serving: str = "") -> Decision:
    """Return what follows from a cause.

    Args:
        cause: what asks for a run.
        history: what was decided before.
        rules: of the plan.
        now: seconds that never run backwards, for durations; comparable with the history's moments.
        wall: seconds since 1970 by this machine's clock, for comparison with another machine's.
        serving: label of the bundle that serves; "" where it is not known.
    """
    return (
        _unfit(cause, rules, wall)
        or _known_already(cause, history, serving)
        or _too_soon(cause, history, rules.section, now)
        or _too_few(cause, rules.section)
        or Decision(Action.START, Reason.CAUSE, f"A retraining starts: {cause.evidence}.")
    )


def _unfit(cause: Cause, rules: Rules, wall: float) -> Decision | None:
    wanted = rules.section.trigger
    if wanted is Trigger.NONE or cause.trigger is not wanted:
        return _no(Reason.OFF, f"The plan's retrain.trigger is {wanted.value}, and {cause.trigger.value} asked.")
    elsewhere = rules.namespace and cause.namespace != rules.namespace
    if cause.name != rules.name or elsewhere:
        return _no(Reason.NOT_OURS, "It is about another model.")
    if not cause.known:
        return _no(
            Reason.UNKNOWN, f"Nothing was measured, and what is unknown starts no run: {cause.evidence.rstrip('.')}."
        )
    if cause.since > wall + FUTURE_SECONDS:
        return _no(Reason.FUTURE, f"It is stamped {cause.since - wall:,.0f} seconds ahead of this machine's clock.")
    return None


def _known_already(cause: Cause, history: History, serving: str) -> Decision | None:
    if any(run.answers and not run.keys.isdisjoint(cause.keys) for run in history.runs):
        return _no(Reason.DUPLICATE, "This cause has had its run.")
    if cause.bundle and serving and cause.bundle != serving:
        return _no(Reason.SUPERSEDED, f"It is about bundle {cause.bundle}, and {serving} serves.")
    if any(not run.over for run in history.runs):
        return _no(Reason.RUNNING, "A retraining is going on.")
    last = _ran(history)[-1:]
    if any(run.state == WAITING and not run.acknowledged and run.bundle in ("", cause.bundle) for run in last):
        return _no(Reason.WAITING, "The last retraining's candidate waits for approval, and another would replace it.")
    return None


def _too_soon(cause: Cause, history: History, section: RetrainSection, now: float) -> Decision | None:
    runs, failures = _ran(history), failures_in_a_row(history.runs)
    if failures >= MOST_FAILURES:
        sentence = f"{failures} retrainings in a row brought no verdict: none starts before a person acknowledges it."
        return _no(Reason.FAILING, sentence)
    by_clock = cause.trigger is Trigger.SCHEDULE
    day = DAY_SECONDS - LATE_SECONDS * by_clock
    recent = sum(now - run.moment < day for run in runs if not run.acknowledged)
    if recent >= section.max_runs_per_day:
        sentence = f"{_runs(recent)} in 24 hours, of {section.max_runs_per_day} allowed: a person must look."
        paged = history.budget_paged is not None and now - history.budget_paged < DAY_SECONDS
        return Decision(Action.SUPPRESS if paged else Action.PAGE, Reason.BUDGET, sentence)
    return None if by_clock or not runs else _waits(runs, failures, section, now)


def _waits(runs: Sequence[PastRun], failures: int, section: RetrainSection, now: float) -> Decision | None:
    last = runs[-1]
    if last.state in UNANSWERED and last.acknowledged:
        return None
    if last.state == FAILED:
        passed, wait = now - (last.ended or last.moment), backoff_seconds(failures, section)
        if passed >= wait:
            return None
        sentence = f"The last retraining failed {_hours(passed)} ago; it is tried again in {_hours(wait - passed)}."
        return _no(Reason.BACKOFF, sentence)
    cooldown, passed = section.cooldown_hours * 3_600, now - max(run.moment for run in runs)
    if passed >= cooldown:
        return None
    left = (cooldown - passed) / 3_600
    return _no(Reason.COOLDOWN, f"The last retraining is {passed / 3_600:.1f} hours old; {left:.1f} more to wait.")


def failures_in_a_row(runs: Sequence[PastRun]) -> int:
    """Return how many of the last runs came to no verdict, since the last one that did or was acknowledged."""
    count = 0
    for run in reversed([run for run in runs if run.over and run.state != NEVER_RAN]):
        if run.state not in UNANSWERED or run.acknowledged:
            break
        count += 1
    return count


def backoff_seconds(failures: int, section: RetrainSection) -> float:
    """Return how long to wait after so many failures in a row: an hour, doubled by each, and at most the cooldown."""
    return float(min(section.cooldown_hours * 3_600, BACKOFF_SECONDS * 2.0 ** (failures - 1)))


def _ran(history: History) -> list[PastRun]:
    return [run for run in history.runs if run.state != NEVER_RAN]


def _too_few(cause: Cause, section: RetrainSection) -> Decision | None:
    if cause.new_rows is not None and cause.new_rows < section.min_rows:
        sentence = f"{cause.new_rows:,} new rows carry a target; retrain.min_rows asks for {section.min_rows:,}."
        return _no(Reason.FEW_ROWS, sentence)
    return None


def _no(reason: Reason, sentence: str) -> Decision:
    return Decision(Action.SUPPRESS, reason, sentence)


def _runs(count: int) -> str:
    return f"{count} retraining{'s' if count > 1 else ''}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:.1f} hours"
