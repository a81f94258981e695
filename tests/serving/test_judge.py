"""The canary rule, case by case."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.compare import Comparison
from sevenfold.serving.judge import Evidence, Verdict, judge, judge_local

PLAN = DeploymentSection()  # 200 requests, 1 % errors, 250 ms, 1 800 s, 600 s blind
GOOD: dict[str, Any] = {"requests": 500, "errors": 0, "latency_p99_ms": 20.0}


def decide(plan: DeploymentSection = PLAN, **changes: Any) -> tuple[str, str]:
    verdict = judge(Evidence(**{**GOOD, **changes}), plan)
    return verdict.decision, verdict.reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("promote", "good")),
        ({"requests": 200, "errors": 2}, ("promote", "good")),
        ({"requests": 200, "errors": 3}, ("rollback", "errors")),
        ({"latency_p99_ms": 250.0}, ("promote", "good")),
        ({"latency_p99_ms": 250.1}, ("rollback", "slow")),
        ({"drifted": True}, ("rollback", "drifted")),
        # too few to say: hold, however bad, until the patience ends
        ({"requests": 199}, ("hold", "waiting")),
        ({"requests": 199, "errors": 199}, ("hold", "waiting")),
        ({"requests": 0, "waited_seconds": 1799}, ("hold", "waiting")),
        ({"requests": 199, "waited_seconds": 1800}, ("rollback", "no_evidence")),
        # enough is enough, however long it took
        ({"waited_seconds": 9999}, ("promote", "good")),
        # blind: neither promotion nor rollback on what was seen before
        ({"blind_seconds": 1}, ("hold", "blind")),
        ({"blind_seconds": 599, "errors": 500}, ("hold", "blind")),
        ({"blind_seconds": 600}, ("rollback", "blind")),
        # beside the stable version: three times its time, if anybody feels it and there is enough to compare
        ({"latency_p99_ms": 90.1, "stable_p99_ms": 30.0, "stable_requests": 200}, ("rollback", "slow")),
        ({"latency_p99_ms": 90.0, "stable_p99_ms": 30.0, "stable_requests": 200}, ("promote", "good")),
        ({"latency_p99_ms": 200.0, "stable_p99_ms": 30.0, "stable_requests": 199}, ("promote", "good")),
        ({"latency_p99_ms": 50.0, "stable_p99_ms": 1.0, "stable_requests": 200}, ("promote", "good")),
        ({"latency_p99_ms": 50.1, "stable_p99_ms": 1.0, "stable_requests": 200}, ("rollback", "slow")),
        # how long it took was not counted
        ({"latency_p99_ms": math.nan}, ("hold", "waiting")),
        ({"latency_p99_ms": math.nan, "waited_seconds": 1800}, ("rollback", "no_evidence")),
        # refused beside taken: what both refuse is the senders' fault
        ({"requests": 0, "refused": 200, "stable_requests": 200}, ("rollback", "refused")),
        ({"requests": 190, "refused": 10, "stable_requests": 2000}, ("rollback", "refused")),
        ({"requests": 500, "refused": 200, "stable_requests": 500, "stable_refused": 200}, ("promote", "good")),
        ({"requests": 0, "refused": 200, "stable_requests": 199}, ("hold", "waiting")),
        ({"requests": 0, "refused": 200}, ("hold", "waiting")),
        # pods that are away are seen without Prometheus
        ({"gone": "no pod is there."}, ("rollback", "predictor_gone")),
        ({"gone": "no pod is there.", "blind_seconds": 5}, ("rollback", "predictor_gone")),
        # replayed rows are a smoke test
        ({"replayed": True}, ("hold", "waiting")),
        ({"replayed": True, "waited_seconds": 1800}, ("rollback", "no_evidence")),
    ],
)
def test_the_rule(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert decide(**changes) == expected


def test_what_the_plan_may_change() -> None:
    replay = PLAN.replaced(canary=PLAN.canary.replaced(accept_replay=True).model_dump(mode="json"))
    assert decide(replay, replayed=True) == ("promote", "good")
    manual = PLAN.replaced(approval="manual")
    assert decide(manual) == ("hold", "approval")
    assert decide(manual, errors=500) == ("rollback", "errors")


@given(
    st.builds(
        Evidence,
        requests=st.integers(0, 1000),
        errors=st.integers(0, 1000),
        refused=st.integers(0, 1000),
        latency_p99_ms=st.floats(0, 1000) | st.just(math.nan),
        stable_requests=st.integers(0, 1000),
        stable_refused=st.integers(0, 1000),
        stable_p99_ms=st.floats(0, 1000) | st.just(math.nan),
        gone=st.sampled_from(["", "no pod is there."]),
        drifted=st.booleans(),
        replayed=st.booleans(),
        waited_seconds=st.floats(0, 4000),
        blind_seconds=st.floats(0, 1000),
    )
)
def test_never_promoted_without_evidence(evidence: Evidence) -> None:
    verdict = judge(evidence, PLAN)
    if verdict.decision == "promote":
        assert evidence.requests >= 200
        assert not evidence.replayed
        assert evidence.blind_seconds == 0
        assert evidence.errors <= 0.01 * evidence.requests
        assert evidence.latency_p99_ms <= 250
        assert not evidence.gone
        assert not evidence.drifted
    assert verdict.sentence


def comparison(**changes: Any) -> Comparison:
    return Comparison(**{"rows": 20, "requests": 1, "difference": 0.0, "limit": 1e-6, "latency_p99_ms": 3.0, **changes})


def test_locally_few_replayed_rows_are_evidence_and_said_to_be_no_more() -> None:
    verdict = judge_local(comparison(), PLAN)
    assert (verdict.decision, verdict.reason) == ("promote", "good")
    assert "20 test rows" in verdict.sentence
    assert "no user" in verdict.sentence
    assert judge_local(comparison(latency_p99_ms=300.0), PLAN).reason == "slow"
    assert judge_local(comparison(), PLAN.replaced(approval="manual")).decision == "hold"
    gone = judge_local(None, PLAN)
    assert (gone.decision, gone.reason) == ("rollback", "predictor_gone")


def test_a_verdict_written_before_numbers_were_kept_is_still_read() -> None:
    old = b'{"decision": "promote", "reason": "good", "sentence": "Promoted: good on 500 requests.", "record": 3}'
    assert Verdict.model_validate_json(old).observed is None
