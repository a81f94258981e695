"""The canary rule: promote, hold or roll back, on what was counted, and never on missing numbers.

In this order:

1. Its pods are gone: roll back (``predictor_gone``).
2. The metrics cannot be read: hold, after `max_blind_seconds` roll back (``blind``).
3. It refuses requests that the stable version takes: roll back (``refused``).
4. Fewer than `min_requests` counted requests: hold, after `max_wait_seconds` roll back (``no_evidence``).
   Replayed rows count only where the plan accepts them.
5. More errors than the service level allows; a slower 99th percentile than it allows, or than `max_slowdown` times the
   stable version's; or predictions that drifted: roll back (``errors``, ``slow``, ``drifted``).
6. Else promote, or hold for a person where the plan says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from sevenfold.plan.deployment import Approval, CanarySection, DeploymentSection
from sevenfold.report.quantity import quantity
from sevenfold.serving.compare import Comparison
from sevenfold.serving.observed import Observed

__all__ = ["Decision", "Evidence", "Verdict", "judge", "judge_local"]

Decision = Literal["promote", "hold", "rollback"]
Reason = Literal[
    "good", "approval", "blind", "no_evidence", "waiting", "errors", "refused", "slow", "drifted", "predictor_gone"
]
FELT: Final = 0.2  # of the service level: a 99th percentile below this share is slow for nobody
DEVIATIONS: Final = 3.0  # by which the canary must refuse more than the stable version


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was counted since the canary got its share; latency in milliseconds, times in seconds."""

    requests: int  # that the model was asked for
    errors: int  # of them, answered with 5xx
    latency_p99_ms: float  # NaN where none was counted
    refused: int = 0  # beside them, answered with 400, 413, 415 or 422
    drifted: bool = False  # its predictions, against its own reference
    replayed: bool = False  # rows we sent ourselves, not users
    stable_requests: int = 0  # of the version beside it, over the same time
    stable_refused: int = 0
    stable_p99_ms: float = math.nan
    waited_seconds: float = 0.0
    blind_seconds: float = 0.0  # since the metrics could last be read; 0 while they can
    gone: str = ""  # a sentence about its pods, once they have been gone for too long


class Verdict(BaseModel):
    """What to do, the reason as a word for programs and as a sentence for people (`verdict.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    reason: Reason
    sentence: str
    record: int = 0  # number in the registry; 0 where nothing was recorded
    observed: Observed | None = None  # the numbers it rests on; None on one machine, and where nothing was counted


def judge(evidence: Evidence, plan: DeploymentSection) -> Verdict:
    """Apply the canary rule; a pure function of what was counted."""
    canary = plan.canary
    if evidence.gone:
        return _back("predictor_gone", evidence.gone)
    if evidence.blind_seconds > 0:
        return _blind(evidence, canary)
    requests = 0 if evidence.replayed and not canary.accept_replay else evidence.requests
    refusal = _refusal(evidence, plan)
    if refusal:
        return _back("refused", refusal)
    if requests < canary.min_requests or math.isnan(evidence.latency_p99_ms):
        return _too_few(requests, evidence, canary)
    fault = _fault(evidence, plan, f"{requests:,} requests")
    if fault is not None:
        return fault
    if plan.approval is Approval.MANUAL:
        waits = f"Good on {requests:,} requests; it waits for a person's approval."
        return Verdict(decision="hold", reason="approval", sentence=waits)
    return Verdict(decision="promote", reason="good", sentence=f"Promoted: good on {requests:,} requests.")


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
    agreed = f"all {rows:,} test rows were served as tested; no user has sent a request yet."
    if verdict.decision == "promote":
        return verdict.model_copy(update={"sentence": f"Promoted on a replay: {agreed}"})
    if verdict.reason == "approval":
        return verdict.model_copy(update={"sentence": f"Waiting for a person's approval: {agreed}"})
    return verdict


def _fault(evidence: Evidence, plan: DeploymentSection, seen: str) -> Verdict | None:
    """Return the rollback that enough requests call for, or None."""
    level, p99 = plan.service_level, evidence.latency_p99_ms
    share = evidence.errors / evidence.requests
    if share > level.error_rate:
        return _back("errors", f"{share:.2%} of {seen} failed, and at most {level.error_rate:.2%} may.")
    slow = f"the 99th percentile of {seen} took {p99:.1f} ms"
    if p99 > level.latency_p99_ms:
        return _back("slow", f"{slow}, and at most {level.latency_p99_ms:g} ms may.")
    times, stable = plan.canary.max_slowdown, evidence.stable_p99_ms
    comparable = evidence.stable_requests >= plan.canary.min_requests
    if comparable and p99 > times * stable and p99 > FELT * level.latency_p99_ms:
        return _back("slow", f"{slow}, more than {times:g} times the {stable:.1f} ms of the stable version.")
    if evidence.drifted:
        return _back("drifted", f"the predictions of {seen} are spread otherwise than in the reference.")
    return None


def _refusal(evidence: Evidence, plan: DeploymentSection) -> str:
    """Return how the canary refuses what the stable version takes; "" where it does not, or too few were counted."""
    total = evidence.requests + evidence.refused
    beside = evidence.stable_requests + evidence.stable_refused
    if evidence.replayed or min(total, beside) < plan.canary.min_requests:
        return ""
    share, usual = evidence.refused / total, evidence.stable_refused / beside
    both = (evidence.refused + evidence.stable_refused) / (total + beside)
    chance = DEVIATIONS * math.sqrt(both * (1 - both) * (1 / total + 1 / beside))
    if share - usual <= max(chance, plan.service_level.error_rate):
        return ""
    return f"it refused {share:.2%} of {total:,} requests, while the stable version refused {usual:.2%} of its own."


def _blind(evidence: Evidence, canary: CanarySection) -> Verdict:
    blind = f"the metrics could not be read for {evidence.blind_seconds:.0f} s"
    if evidence.blind_seconds >= canary.max_blind_seconds:
        return _back("blind", f"{blind}.")
    return Verdict(decision="hold", reason="blind", sentence=f"Holding: {blind}.")


def _too_few(requests: int, evidence: Evidence, canary: CanarySection) -> Verdict:
    few = f"{requests} of {canary.min_requests} requests were counted in {evidence.waited_seconds:.0f} s"
    if requests >= canary.min_requests:
        few = f"{quantity(requests, 'request was', 'requests were')} counted, but not how long they took"
    if evidence.waited_seconds >= canary.max_wait_seconds:
        return _back("no_evidence", f"{few}.")
    return Verdict(decision="hold", reason="waiting", sentence=f"Holding: {few}.")


def _back(reason: Reason, why: str) -> Verdict:
    return Verdict(decision="rollback", reason=reason, sentence=f"Rolled back: {why}")
