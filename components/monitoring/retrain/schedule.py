"""Retraining by the clock: ticks of a cron expression or an interval, each decided once, missed ones together once."""

from __future__ import annotations

from datetime import UTC, datetime

from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.plan.cron import latest_tick as latest_cron_tick
from sevenfold.plan.monitoring import RetrainSection, Trigger

__all__ = ["due_cause", "latest_tick"]


def due_cause(journal: Journal, rules: Rules, clock: Clock) -> Cause | None:
    """Return the cause of a plan's last tick; None where none is due, or that tick was decided.

    A schedule counts from the moment it was first seen, which is put on record here: whoever starts a loop does not
    want a retraining at once, and whoever starts it again has missed what came meanwhile. However many ticks were
    missed, the last of them stands for all.

    Args:
        journal: of the decisions.
        rules: of the plan.
        clock: time.

    Raises:
        TemporaryError: ``journal_busy``.
    """
    section, now = rules.section, clock.now()
    if section.trigger is not Trigger.SCHEDULE:
        return None
    described = section.schedule or f"every {section.every_hours:g} hours"
    first = _cause(rules, cause_key(rules.name, "schedule", described), clock.wall(), f"schedule {described}")
    seen = {entry.cause: entry.moment for entry in journal.entries(rules.name)}
    if first.key not in seen:
        journal.decide(
            first, lambda _: Decision(Action.NOTE, Reason.SCHEDULED, f"It counts from now: {described}."), now
        )
        return None
    tick = latest_tick(section, seen[first.key], now)
    if tick is None:
        return None
    moment = datetime.fromtimestamp(tick, UTC).isoformat(timespec="seconds")
    cause = _cause(rules, cause_key(first.key, moment), min(tick, clock.wall()), f"the schedule's tick of {moment}")
    return None if cause.key in seen else cause


def latest_tick(section: RetrainSection, since: float, now: float) -> float | None:
    """Return the last tick after `since` and not after `now`, in seconds since 1970; None where there is none."""
    if section.every_hours is None:
        tick = latest_cron_tick(section.schedule, now)
        return tick if tick is not None and tick > since else None
    count = int((now - since) // (section.every_hours * 3_600))
    return since + count * section.every_hours * 3_600 if count > 0 else None


def _cause(rules: Rules, key: str, since: float, evidence: str) -> Cause:
    return Cause(
        name=rules.name,
        namespace=rules.namespace,
        keys=(key,),
        since=since,
        evidence=evidence,
        trigger=Trigger.SCHEDULE,
    )
