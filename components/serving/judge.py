"""The canary rule: promote, hold or roll back, on what was counted and never on what is absent.

In this order:

1. Who cannot see cannot judge: without metrics hold, after `max_blind_seconds` roll back (``blind``).
2. Fewer than `min_requests` counted requests: hold, after `max_wait_seconds` roll back (``no_evidence``).
   Replayed rows count only where the plan accepts them.
3. More errors than the service level allows, a slower 99th percentile, or predictions that drifted: roll back.
4. Else promote, or hold for a person where the plan says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sevenfold.plan.deployment import Approval, CanarySection, DeploymentSection
from sevenfold.serving.compare import Comparison

__all__ = ["Decision", "Evidence", "Verdict", "judge", "judge_local"]

Decision = Literal["promote", "hold", "rollback"]
Reason = Literal["good", "approval", "blind", "no_evidence", "waiting", "errors", "slow", "drifted", "predictor_gone"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was counted on the canary since it got its share; latency in milliseconds, times in seconds."""

    requests: int
    errors: int  # answered with 5xx
    latency_p99_ms: float
    drifted: bool = False  # its predictions, against its own reference
    replayed: bool = False  # rows we sent ourselves, not users
    waited_seconds: float = 0.0
    blind_seconds: float = 0.0  # since the metrics could last be read; 0 while they can


class Verdict(BaseModel):
    """What to do, the reason as a word for programs and as a sentence for people (`verdict.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    reason: Reason
    sentence: str
    record: int = 0  # number in the registry; 0 where nothing was recorded


def judge(evidence: Evidence, plan: DeploymentSection) -> Verdict:
    """Apply the canary rule; a pure function of what was counted."""
    canary, level = plan.canary, plan.service_level
    if evidence.blind_seconds > 0:
        return _blind(evidence, canary)
    requests = 0 if evidence.replayed and not canary.accept_replay else evidence.requests
    if requests < canary.min_requests:
        return _too_few(requests, evidence, canary)
    seen = f"{requests} requests"
    share = evidence.errors / requests
    if share > level.error_rate:
        return _back("errors", f"{share:.2%} of {seen} failed, and at most {level.error_rate:.2%} may.")
    if evidence.latency_p99_ms > level.latency_p99_ms:
        slow = f"the 99th percentile of {seen} took {evidence.latency_p99_ms:.1f} ms"
        return _back("slow", f"{slow}, and at most {level.latency_p99_ms:g} ms may.")
    if evidence.drifted:
        return _back("drifted", f"the predictions of {seen} are spread otherwise than in the reference.")
    if plan.approval is Approval.MANUAL:
        return Verdict(
            decision="hold", reason="approval", sentence=f"Good on {seen}; it waits for a person's approval."
        )
    return Verdict(decision="promote", reason="good", sentence=f"Promoted: good on {seen}.")


def judge_local(comparison: Comparison | None, plan: DeploymentSection) -> Verdict:
    """Apply the rule on one machine, where no users send requests to a candidate.

    The replayed test rows are then all the evidence there can be, and they count, as few as they are: every one was
    compared with its tested prediction, which live traffic cannot offer. None means the predictor no longer answers.
    """
    if comparison is None:
        return _back("predictor_gone", "the predictor does not answer any more.")
    rows = comparison.rows
    canary = plan.canary.replaced(accept_replay=True, min_requests=min(plan.canary.min_requests, rows))
    evidence = Evidence(requests=rows, errors=0, latency_p99_ms=comparison.latency_p99_ms, replayed=True)
    verdict = judge(evidence, plan.replaced(canary=canary.model_dump(mode="json")))
    agreed = f"all {rows} test rows were served as tested; no user has sent a request yet."
    if verdict.decision == "promote":
        return verdict.model_copy(update={"sentence": f"Promoted on a replay: {agreed}"})
    if verdict.reason == "approval":
        return verdict.model_copy(update={"sentence": f"Waiting for a person's approval: {agreed}"})
    return verdict


def _blind(evidence: Evidence, canary: CanarySection) -> Verdict:
    blind = f"the metrics could not be read for {evidence.blind_seconds:.0f} s"
    if evidence.blind_seconds >= canary.max_blind_seconds:
        return _back("blind", f"{blind}.")
    return Verdict(decision="hold", reason="blind", sentence=f"Holding: {blind}.")


def _too_few(requests: int, evidence: Evidence, canary: CanarySection) -> Verdict:
    few = f"{requests} of {canary.min_requests} requests were counted in {evidence.waited_seconds:.0f} s"
    if evidence.waited_seconds >= canary.max_wait_seconds:
        return _back("no_evidence", f"{few}.")
    return Verdict(decision="hold", reason="waiting", sentence=f"Holding: {few}.")


def _back(reason: Reason, why: str) -> Verdict:
    return Verdict(decision="rollback", reason=reason, sentence=f"Rolled back: {why}")
