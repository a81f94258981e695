"""Retraining by the clock: each tick is decided once, missed ones together once, by whoever looks first."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.monitoring.retrain.schedule import latest_tick
from sevenfold.plan.monitoring import RetrainSection, Trigger

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
HOUR = 3_600.0


@dataclass
class Machine(Unhindered):
    """A clock that goes where it is put, and what trains: nothing ends before it is let."""

    now: float = START.timestamp()
    started: list[str] = field(default_factory=list)
    ends: bool = True

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> tuple[str, str] | None:
        return ("promoted", "It is better.") if self.ends else None

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now, monotonic=lambda: self.now)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def look(tmp_path: Path, machine: Machine) -> Callable[..., list[tuple[Action, Reason, int]]]:
    """Look as a process that has just started, so many hours later; return the decisions so far, notes left out."""

    def turn(hours: float = 0.0, **section: object) -> list[tuple[Action, Reason, int]]:
        machine.now += hours * HOUR
        when = section or {"every_hours": 6.0}
        rules = Rules(name="m", section=RetrainSection(trigger=Trigger.SCHEDULE, **when))  # type: ignore[arg-type]
        retrainer = Retrainer(Journal(tmp_path / "retrain.db"), {"m": rules}, machine, clock=machine.clock())
        for _ in range(3):
            retrainer.tick()
            retrainer.work()
        entries = retrainer.journal.entries("m")
        return [(one.action, one.reason, one.times) for one in entries if one.action is not Action.NOTE]

    return turn


START_ONE = (Action.START, Reason.CAUSE, 1)


def test_a_schedule_counts_from_when_it_was_first_seen(look, machine: Machine) -> None:
    assert look() == []
    assert look(5.9) == []
    assert look(0.2) == [START_ONE]
    assert look(5.7) == [START_ONE]
    assert look(0.2) == [START_ONE] * 2
    assert len(set(machine.started)) == 2


def test_missed_ticks_count_once(look, machine: Machine) -> None:
    look()
    assert look(10 * 24) == [START_ONE], "forty ticks passed while nobody looked"
    assert look(1) == [START_ONE]
    assert len(machine.started) == 1


def test_two_processes_decide_a_tick_once(look, tmp_path: Path, machine: Machine) -> None:
    look()
    machine.now += 7 * HOUR
    rules = {"m": Rules(name="m", section=RetrainSection(trigger=Trigger.SCHEDULE, every_hours=6.0))}
    both = [Retrainer(Journal(tmp_path / "retrain.db"), rules, machine, clock=machine.clock()) for _ in range(2)]
    causes = [one.due("m") for one in both]
    decided = [one.take(cause) for one, cause in zip(both, causes, strict=True) if cause]
    assert [one.reason for one in decided if one] == [Reason.CAUSE, Reason.DUPLICATE]


def test_a_tick_during_a_run_is_passed_over_and_not_made_up_for(look, machine: Machine) -> None:
    machine.ends = False
    look()
    look(6)
    assert look(6) == [START_ONE, (Action.SUPPRESS, Reason.RUNNING, 1)]
    machine.ends = True
    assert look(1) == [START_ONE, (Action.SUPPRESS, Reason.RUNNING, 1)]
    assert look(5) == [START_ONE, (Action.SUPPRESS, Reason.RUNNING, 1), START_ONE]


def test_the_budget_holds_and_the_cooldown_is_the_schedules_own(look) -> None:
    look(every_hours=6.0, max_runs_per_day=2, cooldown_hours=24.0)
    for _ in range(2):
        look(6, every_hours=6.0, max_runs_per_day=2, cooldown_hours=24.0)
    assert look(6, every_hours=6.0, max_runs_per_day=2)[-1] == (Action.PAGE, Reason.BUDGET, 1)


def test_a_day_is_a_day_though_a_tick_is_seen_late(look, machine: Machine) -> None:
    daily = {"schedule": "30 2 * * *", "max_runs_per_day": 1}
    look(**daily)
    look(14.5 + 59 / 3600, **daily)  # the first tick is seen 59 seconds late
    assert look(24 - 58 / 3600, **daily) == [START_ONE] * 2
    assert len(machine.started) == 2


def test_another_schedule_counts_anew(look) -> None:
    look(every_hours=6.0)
    assert look(5, schedule="0 3 * * *") == []
    assert look(2, every_hours=6.0) == [START_ONE], "the first is as old as ever"


def test_a_clock_that_is_put_back_repeats_no_tick(look, machine: Machine) -> None:
    look()
    assert look(6.5) == [START_ONE]
    machine.now -= 3 * HOUR
    assert look() == [START_ONE]
    assert look(3) == [START_ONE]


@pytest.mark.parametrize("expression", ["30 2 * * 1", "*/7 * * * *", "0 0 1 * *", "15,45 9-17 * * 1-5", "0 12 29 2 *"])
def test_the_last_tick_is_that_of_counting_back_minute_by_minute(expression: str) -> None:
    chance = random.Random(expression)
    section = RetrainSection(trigger=Trigger.SCHEDULE, schedule=expression)
    for _ in range(5):
        now = START + timedelta(seconds=chance.randrange(0, 10**7))
        back = now.replace(second=0, microsecond=0)
        oldest = now - timedelta(days=40)
        while back > oldest and not matches(expression, back):
            back -= timedelta(minutes=1)
        expected = back.timestamp() if back > oldest else None
        assert latest_tick(section, oldest.timestamp(), now.timestamp()) == expected


def matches(expression: str, moment: datetime) -> bool:
    minute, hour, day, month, weekday = (values(part) for part in expression.split())
    parts = ((minute, moment.minute), (hour, moment.hour), (month, moment.month), (day, moment.day))
    return all(held is None or value in held for held, value in parts) and (
        weekday is None or moment.isoweekday() % 7 in weekday
    )


def values(part: str) -> set[int] | None:
    """Return what a field holds; None for any. No expression here restricts both kinds of day."""
    if part == "*":
        return None
    if part.startswith("*/"):
        return set(range(0, 60, int(part[2:])))
    ranges = [each.partition("-") for each in part.split(",")]
    return {value for low, _, high in ranges for value in range(int(low), int(high or low) + 1)}
