"""Whatever comes in whatever order, with kills and clocks that jump: one run per cause, never too many, none lost."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from runners import Unhindered

from sevenfold.contracts.errors import DataError, TemporaryError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import DAY_SECONDS, Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

HOUR = 3_600.0
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - thousands of commits that need no disk
SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=2, max_runs_per_day=2, min_rows=10)
RULES = {"flights": Rules(name="flights", section=SECTION)}


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World(Unhindered):
    """What is outside the process: true time, the machine's clock, and the runs that were ever started."""

    true: float = 1_800_000_000.0
    clock_error: float = 0.0
    started: list[tuple[str, float]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    away: bool = False
    kill_at: str = ""

    def die(self, point: str) -> None:
        if self.kill_at == point:
            self.kill_at = ""
            raise Killed

    # a Runner
    def find(self, decided: RunEntry) -> str:
        if self.away:
            raise TemporaryError("away", "Kubeflow does not answer.")
        return decided.cause if any(cause == decided.cause for cause, _ in self.started) else ""

    def start(self, decided: RunEntry) -> str:
        self.die("before the start")
        self.started.append((decided.cause, self.true))
        self.die("after the start")
        return decided.cause

    def ending(self, run: str) -> tuple[str, str] | None:
        return ("refused", "It is no better.") if run in self.over else None


def process(world: World, path: Path) -> Retrainer:
    journal = Journal(path)
    clock = Clock(
        journal.latest(), wall=lambda: world.true + world.clock_error, monotonic=lambda: world.true - 1_700_000_000.0
    )
    return Retrainer(journal, RULES, world, clock=clock)


def drift(key: str, since: float, *, known: bool = True, rows: int = 100) -> Cause:
    return Cause(name="flights", keys=(key,), since=since, evidence=f"{key} drifted", known=known, new_rows=rows)


STEP = st.one_of(
    st.tuples(st.just("alert"), st.integers(0, 6)),
    st.tuples(st.just("storm"), st.integers(0, 6)),
    st.tuples(st.just("unknown"), st.integers(0, 6)),
    st.tuples(st.just("future"), st.integers(0, 6)),
    st.tuples(st.just("no rows"), st.integers(0, 6)),
    st.tuples(st.just("pass"), st.sampled_from([60.0, HOUR, 3 * HOUR, 13 * HOUR, DAY_SECONDS])),
    st.tuples(st.just("clock"), st.sampled_from([-DAY_SECONDS, -600.0, 600.0, DAY_SECONDS, 30 * DAY_SECONDS])),
    st.tuples(st.just("kill"), st.sampled_from(["now", "before the start", "after the start"])),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("end"), st.none()),
    st.tuples(st.just("outage"), st.booleans()),
)


def play(world: World, path: Path, steps: list[tuple[str, object]]) -> Retrainer:
    retrainer = process(world, path)
    for what, how in steps:
        wall = world.true + world.clock_error
        try:
            if what == "pass":
                world.true += float(how)  # type: ignore[arg-type]
            elif what == "clock":
                world.clock_error = float(how)  # type: ignore[arg-type]
            elif what == "kill" and how == "now":
                # across a restart only the machine's clock remains; one that is ahead then is not noticed
                world.clock_error = min(world.clock_error, 0.0)
                retrainer = process(world, path)
            elif what == "kill":
                world.kill_at = str(how)
            elif what == "work":
                retrainer.work()
            elif what == "end":
                world.over.update(cause for cause, _ in world.started)
            elif what == "outage":
                world.away = bool(how)
            else:
                _send(retrainer, what, int(how), wall)  # type: ignore[call-overload]
        except Killed:
            world.clock_error = min(world.clock_error, 0.0)
            retrainer = process(world, path)
    return retrainer


def _send(retrainer: Retrainer, what: str, number: int, wall: float) -> None:
    key, entries = f"cause {number}", len(retrainer.journal.entries())
    if what == "alert":
        assert retrainer.take(drift(key, wall)) is not None
    elif what == "storm":
        for _ in range(10):
            retrainer.take(drift(key, wall))
    elif what == "unknown":
        decided = retrainer.take(drift(f"{key}?", wall, known=False))
        assert decided is not None and decided.reason is Reason.UNKNOWN
    elif what == "future":
        decided = retrainer.take(drift(f"{key}!", wall + HOUR))
        assert decided is not None and decided.reason is Reason.FUTURE
    else:
        decided = retrainer.take(drift(f"{key}-", wall, rows=0))
        assert decided is not None and decided.action is not Action.START
    assert len(retrainer.journal.entries()) >= entries


ALERT, WORK, END = ("alert", 0), ("work", None), ("end", None)


@given(st.lists(STEP, max_size=40))
@example([ALERT, ("kill", "after the start"), WORK, WORK, END, WORK, ALERT])
@example([ALERT, ("kill", "before the start"), WORK, WORK])
@example([ALERT, WORK, END, WORK, ("clock", 30 * DAY_SECONDS), ("alert", 1), WORK])
@example([ALERT, WORK, END, WORK, ("clock", -DAY_SECONDS), ("kill", "now"), ("alert", 1), WORK])
@settings(max_examples=60)
def test_invariants_hold(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world, path = World(), Path(folder) / "journal.db"
        retrainer = play(world, path, steps)
        world.away, world.kill_at = False, ""
        retrainer = process(world, path)
        retrainer.work()
        causes = [cause for cause, _ in world.started]
        assert len(set(causes)) == len(causes), "one run per cause"
        assert not any(cause.endswith(("?", "!", "-")) for cause in causes), "only what was measured, with rows"
        starts = {entry.cause for entry in retrainer.journal.entries() if entry.action is Action.START}
        assert set(causes) == starts, "every run was decided, and no decision was lost"
        decided = sorted(entry.moment for entry in retrainer.journal.entries() if entry.action is Action.START)
        gaps = [later - earlier for earlier, later in pairwise(decided)]
        assert all(gap >= 2 * HOUR for gap in gaps), "the cooldown"
        spans = [later - earlier for earlier, later in zip(decided, decided[2:], strict=False)]
        assert all(span >= DAY_SECONDS for span in spans), "the budget"


def test_a_thousand_alerts_of_a_pair_of_senders_give_one_run(tmp_path: Path) -> None:
    world = World()
    retrainers = [process(world, tmp_path / "journal.db") for _ in range(2)]
    for number in range(1_000):
        retrainers[number % 2].take(drift("a", world.true))
        if number % 100 == 0:
            retrainers[number % 2].work()
    assert [cause for cause, _ in world.started] == ["a"]
    entries = retrainers[0].journal.entries()
    assert [(entry.action, entry.times) for entry in entries] == [(Action.START, 1), (Action.SUPPRESS, 999)]


def test_two_workers_side_by_side_start_a_run_once(tmp_path: Path) -> None:
    """Each looks whether the run is there before it starts it; the pause between would let the other start it too."""

    class Slow(World):
        def start(self, decided: RunEntry) -> str:
            time.sleep(0.05)
            return super().start(decided)

    world = Slow()
    retrainers = [process(world, tmp_path / "journal.db") for _ in range(4)]
    retrainers[0].take(drift("a", world.true))
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda retrainer: retrainer.work(), retrainers)) == [[]] * 4
    assert [cause for cause, _ in world.started] == ["a"]


def test_after_two_runs_a_day_a_person_is_called_once(tmp_path: Path) -> None:
    world = World()
    retrainer = process(world, tmp_path / "journal.db")
    for number in range(5):
        retrainer.take(drift(f"cause {number}", world.true))
        retrainer.work()
        world.over.update(cause for cause, _ in world.started)
        retrainer.work()
        world.true += 3 * HOUR
    assert len(world.started) == 2
    assert [entry.action for entry in retrainer.journal.entries() if entry.reason is Reason.BUDGET] == [
        Action.PAGE,
        Action.SUPPRESS,
        Action.SUPPRESS,
    ]


def test_a_run_waits_while_it_cannot_be_started_and_is_not_lost(tmp_path: Path) -> None:
    world = World(away=True)
    retrainer = process(world, tmp_path / "journal.db")
    retrainer.take(drift("a", world.true))
    assert retrainer.work() == ["Kubeflow does not answer."]
    assert world.started == []
    world.away = False
    assert process(world, tmp_path / "journal.db").work() == []
    assert [cause for cause, _ in world.started] == ["a"]


def test_how_a_run_ended_is_told_as_such_where_nobody_ever_can(tmp_path: Path) -> None:
    class Unreadable(World):
        def ending(self, run: str) -> tuple[str, str] | None:
            raise DataError("spoilt", "What it left is spoilt.")

    world = Unreadable()
    retrainer = process(world, tmp_path / "journal.db")
    retrainer.take(drift("a", world.true))
    assert retrainer.work() == []
    last = retrainer.journal.entries()[-1]
    assert (last.action, last.reason) == (Action.PAGE, Reason.NOT_FINISHED)
    assert "Nobody can tell how it ended (spoilt): What it left is spoilt." in last.sentence


def test_a_plan_that_is_given_no_more_keeps_its_run_waiting_and_no_other(tmp_path: Path) -> None:
    world, path = World(), tmp_path / "journal.db"
    rules = {name: Rules(name=name, section=SECTION) for name in ("trains", "flights")}
    both = Retrainer(Journal(path), rules, world)
    both.take(Cause(name="trains", keys=("t",), since=0.0, evidence="e", new_rows=100))
    both.take(drift("a", 0.0))
    one = process(world, path)
    assert one.work() == ["a retraining of 'trains' is decided, whose plan is not among those that are given"]
    assert [cause for cause, _ in world.started] == ["a"]
    assert both.work() == []
    assert [cause for cause, _ in world.started] == ["a", "t"], "it is not lost"


def test_a_fault_that_nobody_expected_keeps_no_other_run_waiting(tmp_path: Path) -> None:
    class Odd(World):
        def start(self, decided: RunEntry) -> str:
            return super().start(decided) if decided.name == "flights" else str(1 / 0)

    world = Odd()
    rules = {name: Rules(name=name, section=SECTION) for name in ("trains", "flights")}
    retrainer = Retrainer(Journal(tmp_path / "journal.db"), rules, world)
    retrainer.take(Cause(name="trains", keys=("t",), since=0.0, evidence="e", new_rows=100))
    retrainer.take(drift("a", 0.0))
    with pytest.raises(ZeroDivisionError):
        retrainer.work()
    assert [cause for cause, _ in world.started] == ["a"]


def test_a_plan_that_is_not_ours_is_not_recorded(tmp_path: Path) -> None:
    retrainer = process(World(), tmp_path / "journal.db")
    other = Cause(name="trains", keys=("a",), since=0.0, evidence="e")
    assert retrainer.take(other) is None
    assert retrainer.resolve(other) is None
    assert retrainer.journal.entries() == []


def test_what_is_over_is_noted(tmp_path: Path) -> None:
    world = World()
    retrainer = process(world, tmp_path / "journal.db")
    noted = retrainer.resolve(drift("a", world.true))
    assert noted is not None
    assert (noted.action, noted.reason) == (Action.NOTE, Reason.RESOLVED)
