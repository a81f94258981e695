"""Decide what follows from a cause: one run, nothing, or a call for a person. Pure: no clock, no file, no network.

Rules, in the order in which they are asked; the first that applies decides:

1. A cause of another trigger, another plan, without a measurement, or from the future starts nothing.
2. A cause that has had its run has no second one, however often and by however many it is sent.
3. An alert about a bundle that no longer serves starts nothing.
4. While a run goes on, none starts.
5. After `max_runs_per_day` runs in 24 hours a person is called, once; then nothing starts.
6. In the cooldown after a run, none starts; a schedule has its own distance.
7. Without enough new rows that carry a target there is nothing to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.plan.monitoring import RetrainSection, Trigger

__all__ = ["DAY_SECONDS", "FUTURE_SECONDS", "Action", "Decision", "History", "PastRun", "Reason", "Rules", "decide"]

DAY_SECONDS: Final = 86_400.0
FUTURE_SECONDS: Final = 60.0  # by which two clocks may differ
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


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a plan allows; `namespace` "" accepts a cause of any."""

    name: str
    section: RetrainSection
    namespace: str = ""


@dataclass(frozen=True)
class PastRun:
    """A run that was decided: its cause's keys, when, and whether it is over."""

    keys: frozenset[str]
    moment: float  # seconds since 1970
    over: bool


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
    if any(not run.keys.isdisjoint(cause.keys) for run in history.runs):
        return _no(Reason.DUPLICATE, "This cause has had its run.")
    if cause.bundle and serving and cause.bundle != serving:
        return _no(Reason.SUPERSEDED, f"It is about bundle {cause.bundle}, and {serving} serves.")
    if any(not run.over for run in history.runs):
        return _no(Reason.RUNNING, "A retraining is going on.")
    return None


def _too_soon(cause: Cause, history: History, section: RetrainSection, now: float) -> Decision | None:
    if not history.runs:
        return None
    by_clock = cause.trigger is Trigger.SCHEDULE
    day = DAY_SECONDS - LATE_SECONDS * by_clock
    recent = sum(now - run.moment < day for run in history.runs)
    if recent >= section.max_runs_per_day:
        sentence = f"{_runs(recent)} in 24 hours, of {section.max_runs_per_day} allowed: a person must look."
        paged = history.budget_paged is not None and now - history.budget_paged < DAY_SECONDS
        return Decision(Action.SUPPRESS if paged else Action.PAGE, Reason.BUDGET, sentence)
    cooldown = section.cooldown_hours * 3_600
    passed = now - max(run.moment for run in history.runs)
    if passed < cooldown and not by_clock:
        left = (cooldown - passed) / 3_600
        return _no(Reason.COOLDOWN, f"The last retraining is {passed / 3_600:.1f} hours old; {left:.1f} more to wait.")
    return None


def _too_few(cause: Cause, section: RetrainSection) -> Decision | None:
    if cause.new_rows is not None and cause.new_rows < section.min_rows:
        sentence = f"{cause.new_rows:,} new rows carry a target; retrain.min_rows asks for {section.min_rows:,}."
        return _no(Reason.FEW_ROWS, sentence)
    return None


def _no(reason: Reason, sentence: str) -> Decision:
    return Decision(Action.SUPPRESS, reason, sentence)


def _runs(count: int) -> str:
    return f"{count} retraining{'s' if count > 1 else ''}"
