"""Each rule of a decision alone, and the order in which they are asked."""

from __future__ import annotations

import pytest

from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, History, PastRun, Reason, Rules, decide
from sevenfold.plan.monitoring import RetrainSection, Trigger

HOUR = 3_600.0
NOW = 1_800_000_000.0
SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=6, max_runs_per_day=2, min_rows=500)
RULES = Rules(name="flights", section=SECTION, namespace="team")


def cause(**changes: object) -> Cause:
    given = {
        "name": "flights",
        "namespace": "team",
        "keys": ("a",),
        "since": NOW - 60,
        "evidence": "wind has drifted",
        "bundle": "b1",
        "new_rows": 800,
    }
    return Cause(**{**given, **changes})  # type: ignore[arg-type]


def run(hours_ago: float, *keys: str, over: bool = True) -> PastRun:
    return PastRun(frozenset(keys or {f"run {hours_ago}"}), NOW - hours_ago * HOUR, over)


@pytest.mark.parametrize(
    ("given", "history", "action", "reason"),
    [
        (cause(), History(), Action.START, Reason.CAUSE),
        (cause(new_rows=None), History(), Action.START, Reason.CAUSE),
        (cause(trigger=Trigger.SCHEDULE), History(), Action.SUPPRESS, Reason.OFF),
        (cause(name="trains"), History(), Action.SUPPRESS, Reason.NOT_OURS),
        (cause(namespace="others"), History(), Action.SUPPRESS, Reason.NOT_OURS),
        (cause(known=False), History(), Action.SUPPRESS, Reason.UNKNOWN),
        (cause(since=NOW + 61), History(), Action.SUPPRESS, Reason.FUTURE),
        (cause(since=NOW + 59), History(), Action.START, Reason.CAUSE),
        (cause(), History([run(30, "a")]), Action.SUPPRESS, Reason.DUPLICATE),
        (cause(keys=("b", "a")), History([run(30, "c", "a")]), Action.SUPPRESS, Reason.DUPLICATE),
        (cause(bundle="b0"), History(), Action.SUPPRESS, Reason.SUPERSEDED),
        (cause(bundle=""), History(), Action.START, Reason.CAUSE),
        (cause(), History([run(40, over=False)]), Action.SUPPRESS, Reason.RUNNING),
        (cause(), History([run(20), run(7)]), Action.PAGE, Reason.BUDGET),
        (cause(), History([run(20), run(7)], NOW - HOUR), Action.SUPPRESS, Reason.BUDGET),
        (cause(), History([run(20), run(7)], NOW - 25 * HOUR), Action.PAGE, Reason.BUDGET),
        (cause(), History([run(24), run(7)]), Action.START, Reason.CAUSE),
        (cause(), History([run(5.9)]), Action.SUPPRESS, Reason.COOLDOWN),
        (cause(), History([run(6)]), Action.START, Reason.CAUSE),
        (cause(new_rows=499), History(), Action.SUPPRESS, Reason.FEW_ROWS),
        (cause(new_rows=0), History(), Action.SUPPRESS, Reason.FEW_ROWS),
    ],
)
def test_each_rule(given: Cause, history: History, action: Action, reason: Reason) -> None:
    decided = decide(given, history, RULES, now=NOW, wall=NOW, serving="b1")
    assert (decided.action, decided.reason) == (action, reason)
    assert decided.sentence.endswith(".")


def test_midnight_grants_no_second_budget() -> None:
    midnight = NOW - NOW % (24 * HOUR)
    history = History([PastRun(frozenset({key}), midnight - ago, True) for key, ago in (("x", 900), ("y", 600))])

    def reason(moment: float) -> Reason:
        return decide(cause(since=moment), history, RULES, now=moment, wall=moment).reason

    assert reason(midnight + 60) is Reason.BUDGET
    assert reason(midnight + 24 * HOUR - 901) is Reason.BUDGET
    assert reason(midnight + 24 * HOUR - 899) is Reason.CAUSE, "the first of both is a day old"


def test_without_a_trigger_nothing_starts() -> None:
    decided = decide(cause(), History(), Rules(name="flights", section=RetrainSection()), now=NOW, wall=NOW)
    assert decided.reason is Reason.OFF


def test_a_plan_on_one_machine_takes_any_namespace() -> None:
    decided = decide(cause(), History(), Rules(name="flights", section=SECTION), now=NOW, wall=NOW)
    assert decided.action is Action.START


def test_durations_are_not_measured_by_the_machines_clock() -> None:
    history = History([run(1)])
    decided = decide(cause(since=0), history, RULES, now=NOW, wall=NOW + 48 * HOUR)
    assert decided.reason is Reason.COOLDOWN
    assert "1.0 hours old; 5.0 more" in decided.sentence


def test_a_cause_is_known_again_whatever_the_order_of_its_alerts() -> None:
    assert cause(keys=("x", "y")).key == cause(keys=("y", "x")).key != cause(keys=("x",)).key == "x"
