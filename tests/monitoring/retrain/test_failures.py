"""Retrainings that fail, hang, or meet another release: each decided, none lost, and a person called once."""

from __future__ import annotations

from pathlib import Path

import pytest
from loop_world import HOUR, NAME, SECTION, LoopWorld

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.monitoring.retrain.acknowledgement import acknowledge, person_needed
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.plan.monitoring import RetrainSection, Trigger

START, GONE = (Action.START, Reason.CAUSE), DataError("missing_file", "The table is gone.")


@pytest.fixture
def world(tmp_path: Path) -> LoopWorld:
    return LoopWorld(tmp_path / "retrain.db")


def see(world: LoopWorld) -> None:
    process = world.process()
    process.acknowledge(NAME, who="eva", reason="the table is back")


def needed(world: LoopWorld) -> bool:
    return person_needed(world.entries()) is not None


def test_three_failures_in_a_row_are_tried_ever_later_and_call_a_person_once(world: LoopWorld) -> None:
    world.refuses = GONE
    assert world.drift("a") == START
    assert world.kinds()[-1] == (Action.NOTE, Reason.NOT_FINISHED)
    assert "It is tried again, at the earliest in 1.0 hours. It could not be started (missing_file): " in (
        world.entries()[-1].sentence
    )
    world.true += 0.9 * HOUR
    assert world.drift("a") == (Action.SUPPRESS, Reason.BACKOFF)
    assert world.entries()[-1].sentence == "The last retraining failed 0.9 hours ago; it is tried again in 0.1 hours."
    world.true += 0.2 * HOUR
    assert world.drift("a") == START
    world.true += 1.9 * HOUR
    assert world.drift("a") == (Action.SUPPRESS, Reason.BACKOFF)
    assert not needed(world)
    world.true += 0.2 * HOUR
    assert world.drift("a") == START
    assert world.kinds()[-1] == (Action.PAGE, Reason.FAILING)
    for _ in range(50):  # however long it goes on
        world.true += 6 * HOUR
        assert world.drift("a") == (Action.SUPPRESS, Reason.FAILING)
        assert world.drift("b") == (Action.SUPPRESS, Reason.FAILING), "another cause would fail as well"
    pages = [entry for entry in world.entries() if entry.action is Action.PAGE]
    assert [(page.reason, page.times) for page in pages] == [(Reason.FAILING, 1)]
    assert needed(world)


def test_after_a_repair_and_an_acknowledgement_it_goes_on(world: LoopWorld) -> None:
    world.refuses = GONE
    for _ in range(3):
        world.drift("a")
        world.true += 3 * HOUR
    assert needed(world)
    world.refuses = None
    assert world.drift("a") == (Action.SUPPRESS, Reason.FAILING), "a repair alone is not known"
    see(world)
    assert not needed(world)
    assert world.drift("a") == START
    assert world.started == ["a-4"], "each attempt is a run of its own on Kubeflow"
    world.endings["a-4"] = ("promoted", "It is better.")
    world.process().work()
    assert world.kinds()[-1] == (Action.NOTE, Reason.PROMOTED)
    assert world.drift("a") == (Action.SUPPRESS, Reason.DUPLICATE)


def test_failures_spend_the_budget_of_the_day_and_an_acknowledgement_gives_it_anew(world: LoopWorld) -> None:
    world.section, world.refuses = SECTION.model_copy(update={"max_runs_per_day": 2}), GONE
    decided = []
    for _ in range(12):
        decided.append(world.drift("a"))
        world.true += 1.5 * HOUR
    assert decided.count(START) == 2
    assert decided.count((Action.PAGE, Reason.BUDGET)) == 1
    see(world)
    world.refuses = None
    assert world.drift("a") == START


def test_one_success_forgets_the_failures(world: LoopWorld) -> None:
    world.refuses = GONE
    world.drift("a")
    world.true += 2 * HOUR
    world.drift("a")
    world.refuses = None
    world.true += 3 * HOUR
    assert world.drift("a") == START
    world.endings["a-3"] = ("refused", "It is no better.")
    world.process().work()
    world.true += 25 * HOUR
    world.refuses = GONE
    assert world.drift("b") == START
    assert "at the earliest in 1.0 hours" in world.entries()[-1].sentence


def test_the_first_failure_of_a_schedule_calls_a_person(world: LoopWorld) -> None:
    """The next tick may be a week away."""
    world.section = RetrainSection(trigger=Trigger.SCHEDULE, every_hours=168)
    world.process().tick()
    world.true += 169 * HOUR
    world.refuses = GONE
    process = world.process()
    process.tick()
    process.work()
    assert world.kinds() == [(Action.NOTE, Reason.SCHEDULED), START, (Action.PAGE, Reason.NOT_FINISHED)]


def test_a_refused_cause_has_another_run_once_a_person_has_mended_what_was_wrong(world: LoopWorld) -> None:
    world.drift("a")
    world.endings["a"] = ("refused", "Worse than a constant.")
    world.process().work()
    world.true += 30 * HOUR
    assert world.drift("a") == (Action.SUPPRESS, Reason.DUPLICATE)
    see(world)
    assert world.drift("a") == START
    assert world.started == ["a", "a-2"]


def test_a_failure_at_the_moment_of_an_acknowledgement_is_not_acknowledged(world: LoopWorld) -> None:
    world.drift("a")
    world.endings["a"] = ("refused", "Worse than a constant.")
    world.process().work()
    world.true += 30 * HOUR
    see(world)
    world.refuses = GONE
    assert world.drift("a") == START
    assert "at the earliest in 1.0 hours" in world.entries()[-1].sentence
    assert world.drift("a") == (Action.SUPPRESS, Reason.BACKOFF)


def test_an_acknowledgement_of_nothing_is_refused(world: LoopWorld) -> None:
    with pytest.raises(PolicyError) as told:
        acknowledge(Journal(world.path), NAME, who="eva", reason="to be sure", now=0.0)
    assert told.value.code == "nothing_to_acknowledge"
    assert world.entries() == []


def test_a_run_that_never_ends_is_terminated_and_calls_a_person_once(world: LoopWorld) -> None:
    world.hours, world.ends_when_told = 2.0, False
    world.drift("a")
    world.true += 2.1 * HOUR
    for _ in range(3):
        world.process().work()
    assert world.terminated == ["a"] * 3, "it is asked for until it is done"
    assert world.kinds() == [START, (Action.PAGE, Reason.OVERDUE)]
    assert world.entries()[-1].times == 1
    assert world.entries()[-1].sentence == (
        "Run a has gone on for 2.1 hours, and budget.hours allows 2: it is terminated."
    )
    assert world.drift("b") == (Action.SUPPRESS, Reason.RUNNING), "it may still release something"
    world.endings["a"] = ("canceled", "It was terminated.")
    world.process().work()
    assert [run.state for run in Journal(world.path).runs(NAME)] == ["overdue"]
    assert world.drift("a") == (Action.SUPPRESS, Reason.DUPLICATE), "it would hang again"
    see(world)
    assert world.drift("a") == START


def test_the_deadline_counts_from_the_start_and_over_restarts_and_outages(world: LoopWorld) -> None:
    world.hours, world.away = 2.0, True
    world.drift("a")
    world.true += 5 * HOUR
    world.away = False
    world.process().work()
    world.process().work()
    assert (world.started, world.terminated) == (["a"], []), "what waited for Kubeflow is not late"
    world.true += 1.9 * HOUR
    world.process().work()
    assert world.terminated == []
    world.away, world.true = True, world.true + 1.0 * HOUR
    world.process().work()
    assert (world.terminated, needed(world)) == ([], False), "nobody can tell that it goes on"
    world.away = False
    world.process().work()
    assert world.terminated == ["a"]
    assert needed(world)


def test_a_run_that_kubeflow_itself_ended_at_the_limit_was_overdue(world: LoopWorld) -> None:
    world.hours = 2.0
    world.drift("a")
    world.true += 2 * HOUR
    world.endings["a"] = ("failed", "A task ended without saying why.")
    world.process().work()
    assert world.kinds()[-1] == (Action.PAGE, Reason.OVERDUE)
    assert world.terminated == []


def test_a_run_that_promoted_just_before_it_was_terminated_has_promoted(world: LoopWorld) -> None:
    world.hours, world.ends_when_told = 2.0, False
    world.drift("a")
    world.true += 3 * HOUR
    world.process().work()
    world.endings["a"] = ("promoted", "It is better.")
    world.process().work()
    assert world.kinds()[-1] == (Action.NOTE, Reason.PROMOTED)
    assert not needed(world)


def test_during_another_release_a_decision_waits_and_is_told_once(world: LoopWorld) -> None:
    world.releasing = "Run r1 (flights by eva) may release a model of flights: its end is awaited."
    assert world.drift("a") == START
    for _ in range(5):
        world.process().work()
    assert world.started == []
    assert world.kinds() == [START, (Action.SUPPRESS, Reason.RELEASING)]
    assert (world.entries()[-1].sentence, world.entries()[-1].times) == (world.releasing, 1)
    assert world.drift("b") == (Action.SUPPRESS, Reason.RUNNING)
    world.releasing = ""
    world.process().work()
    assert world.started == ["a"], "it ended without another model"


def test_what_another_release_made_needless_is_not_started_and_costs_nothing(world: LoopWorld) -> None:
    world.releasing = "Run r1 goes on."
    world.drift("a")
    world.releasing, world.promoted = "", "Run r1 has promoted another model meanwhile."
    world.process().work()
    assert world.started == []
    assert world.kinds()[-1] == (Action.NOTE, Reason.SUPERSEDED)
    assert not needed(world)
    world.promoted = ""
    assert world.drift("a2", bundle="b2") == START, "the new model drifts too: neither cooldown nor budget was spent"


def test_while_a_candidate_waits_for_approval_no_other_replaces_it(world: LoopWorld) -> None:
    world.drift("a")
    world.endings["a"] = ("waiting", "It waits.")
    world.process().work()
    world.true += 30 * HOUR
    assert world.drift("b") == (Action.SUPPRESS, Reason.WAITING)
    assert world.drift("c", bundle="b2") == START, "it was promoted: another model drifts"


def test_a_waiting_candidate_that_was_withdrawn_is_acknowledged(world: LoopWorld) -> None:
    world.drift("a")
    world.endings["a"] = ("waiting", "It waits.")
    world.process().work()
    world.true += 30 * HOUR
    see(world)
    assert world.drift("b") == START
    assert world.drift("a") == (Action.SUPPRESS, Reason.DUPLICATE)
