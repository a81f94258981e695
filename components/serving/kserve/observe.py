"""Watching a canary: look, judge, tell, wait, until there is a decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sevenfold.contracts.errors import MonitoringError, TemporaryError
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.judge import Evidence, Verdict, judge
from sevenfold.serving.kserve.evidence import evidence_of
from sevenfold.serving.observed import Observed, Side

__all__ = ["POLL_SECONDS", "told", "watch_canary"]

POLL_SECONDS: Final = 5.0  # twice as often as our Prometheus scrapes: pods that go are missed sooner than counts
A_MOMENT: Final = 0.001  # seconds: blind from the first failed look on


def watch_canary(
    section: DeploymentSection,
    look: Callable[[], Observed],
    *,
    gone: Callable[[], str] = lambda: "",
    tell: Callable[[str], None] = lambda message: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    poll_seconds: float = POLL_SECONDS,
    waited_seconds: float = 0.0,
) -> Verdict:
    """Look at a canary until it is promoted, rolled back, or good and waiting for a person's approval.

    Nobody who sees nothing decides for the canary: a look that fails makes blind, and blindness only ever ends in a
    rollback.

    Args:
        section: the plan's rule.
        look: reads what was counted so far (`evidence.read_evidence`); a TemporaryError or MonitoringError of it means
            that the metrics cannot be read now.
        gone: says in a sentence that the canary's pods have been away for too long, "" while they have not; a
            TemporaryError of it means that nobody knows, which is not taken for gone.
        tell: told each time what is seen, in words for a person.
        sleep: waits so many seconds.
        clock: tells seconds that never run backwards.
        poll_seconds: pause between two looks.
        waited_seconds: time the canary has had its share already, where the judge itself was started anew.

    Returns:
        The verdict with what was last seen; its decision is ``hold`` only for the reason ``approval``.
    """
    started = sighted = clock()
    observed: Observed | None = None
    while True:
        away = _away(gone)
        fault = ""
        try:
            observed = look()
            sighted = clock()
        except (TemporaryError, MonitoringError) as error:
            fault = str(error)
        now = clock()
        blind = max(now - sighted, A_MOMENT) if fault else 0.0
        evidence = _evidence(observed, waited_seconds + now - started, blind, away)
        verdict = judge(evidence, section)
        if verdict.decision != "hold" or verdict.reason == "approval":
            return verdict.model_copy(update={"observed": observed})
        tell(f"{verdict.sentence} {fault}" if fault or observed is None else told(observed, section))
        sleep(poll_seconds)


def told(observed: Observed, section: DeploymentSection) -> str:
    """Return progress in words: "137 of 200 requests, 0 errors, p99 8 ms"."""
    canary = observed.canary
    if not canary.pods:
        return f"No request yet: Prometheus has seen no pod of bundle {canary.bundle}"
    said = f"{canary.answered} of {section.canary.min_requests} requests, {_figures(canary)}"
    stable = observed.stable
    return f"{said} (stable: {stable.answered} requests, {_figures(stable)})" if stable else said


def _figures(side: Side) -> str:
    errors = f"{side.errors} error{'' if side.errors == 1 else 's'}"
    refused = f", {side.refused} refused" if side.refused else ""
    slowest = f", p99 {side.latency_p99_ms:.3g} ms" if side.latency_p99_ms is not None else ""
    return f"{errors}{refused}{slowest}"


def _away(gone: Callable[[], str]) -> str:
    try:
        return gone()
    except TemporaryError:
        return ""


def _evidence(observed: Observed | None, waited: float, blind: float, away: str) -> Evidence:
    if observed is None:
        return Evidence(
            requests=0,
            errors=0,
            latency_p99_ms=float("nan"),
            waited_seconds=waited,
            blind_seconds=blind,
            gone=away,
        )
    return evidence_of(observed, waited_seconds=waited, blind_seconds=blind, gone=away)
