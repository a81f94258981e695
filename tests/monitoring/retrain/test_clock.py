"""Clocks that were wrong, and causes that come at once: one run, none too soon, and no loop that stands still."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loop_world import HOUR, NAME, SECTION, LoopWorld

from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.clock import Clock, clock_of
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

DAY, NOW = 24 * HOUR, 1_800_000_000.0
RULES = {NAME: Rules(name=NAME, section=SECTION)}
START = (Action.START, Reason.CAUSE)


@pytest.fixture
def world(tmp_path: Path) -> LoopWorld:
    return LoopWorld(tmp_path / "retrain.db")


def drift(key: str, since: float = NOW) -> Cause:
    return Cause(name=NAME, keys=(key,), since=since, evidence=f"{key} drifted")


def once(world: LoopWorld, key: str, wall: float) -> Reason:
    """Decide about a cause as `--once` does: in a process that ends at once, by the machine's clock."""
    journal = Journal(world.path)
    retrainer = Retrainer(journal, RULES, world, clock=clock_of(journal, wall=lambda: wall))
    decided = retrainer.take(drift(key, wall - 60))
    retrainer.work()
    assert decided is not None
    return decided.reason


def test_a_record_of_a_clock_that_was_years_ahead_holds_the_cooldown_and_ends_it(world: LoopWorld) -> None:
    assert once(world, "a", NOW + 1_000 * DAY) is Reason.CAUSE
    world.endings["a"] = ("refused", "It is no better.")
    assert once(world, "b", NOW) is Reason.RUNNING  # its end is put on record in this turn
    assert once(world, "b", NOW + 12 * HOUR) is Reason.COOLDOWN
    assert once(world, "b", NOW + 25 * HOUR) is Reason.CAUSE, "not in a thousand days"


def test_what_is_put_back_keeps_its_order(world: LoopWorld) -> None:
    journal = Journal(world.path)
    for number, moment in enumerate((NOW - DAY, NOW + 9 * DAY, NOW + 10 * DAY)):
        noted = Decision(Action.NOTE, Reason.WINDOW, "It was seen.")
        journal.decide(drift(f"w{number}"), lambda _, noted=noted: noted, moment)
    assert clock_of(journal, wall=lambda: NOW).now() == pytest.approx(NOW, abs=5)
    moments = [entry.last - NOW for entry in journal.entries()]
    assert moments == [-DAY, -DAY, 0.0]


def test_a_clock_that_was_put_back_by_a_day_grants_nothing(world: LoopWorld) -> None:
    assert once(world, "a", NOW) is Reason.CAUSE
    world.endings["a"] = ("refused", "It is no better.")
    once(world, "a", NOW)
    before = Journal(world.path).entries()
    assert once(world, "b", NOW - DAY) is Reason.COOLDOWN
    assert [entry.moment for entry in Journal(world.path).entries()][: len(before)] == [e.moment for e in before]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the time in which a machine slept")
def test_the_time_in_which_a_machine_slept_counts() -> None:
    clock, slept = Clock(wall=lambda: NOW), time.clock_gettime(time.CLOCK_BOOTTIME)
    time.sleep(0.01)
    assert clock.now() - NOW == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME) - slept, abs=0.5)
    assert clock.now() > NOW


def test_of_causes_at_once_one_starts_and_the_other_is_asked_again(world: LoopWorld) -> None:
    def take(key: str) -> Reason:
        decided = world.process().take(drift(key, world.true))
        assert decided is not None
        return decided.reason

    with ThreadPoolExecutor(8) as senders:
        reasons = list(senders.map(take, [f"feature {number}" for number in range(8)]))
    assert sorted(reasons) == [Reason.CAUSE] + [Reason.RUNNING] * 7
    world.process().work()
    [run] = world.started
    world.endings[run] = ("refused", "It is no better.")
    world.process().work()
    other = next(f"feature {number}" for number in range(8) if f"feature {number}" != run)
    assert world.drift(other) == (Action.SUPPRESS, Reason.COOLDOWN)
    world.true += 25 * HOUR
    assert world.drift(other) == START


def test_drift_and_a_tick_at_once_are_one_run(world: LoopWorld) -> None:
    """A plan names one trigger; what the other one says is on record with why it starts nothing."""
    world.section = RetrainSection(trigger=Trigger.SCHEDULE, every_hours=6)
    world.process().tick()
    world.true += 6.1 * HOUR
    process = world.process()
    assert process.take(drift("a", world.true)) == Decision(
        Action.SUPPRESS, Reason.OFF, "The plan's retrain.trigger is schedule, and drift asked."
    )
    process.tick()
    process.tick()
    process.work()
    assert len(world.started) == 1
