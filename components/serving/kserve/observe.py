"""Watch a canary: read what was counted, judge, report, wait, until there is a decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sevenfold.contracts.errors import MonitoringError, TemporaryError
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.report.quantity import quantity
from sevenfold.runtime.waiting import wait_until
from sevenfold.serving.judge import Verdict, judge
from sevenfold.serving.kserve.evidence import evidence_of
from sevenfold.serving.observed import Observed, Side

__all__ = ["POLL_SECONDS", "describe", "watch_canary"]

POLL_SECONDS: Final = 5.0  # twice as often as our Prometheus scrapes: lost pods are noticed sooner than counts
A_MOMENT: Final = 0.001  # seconds: blind from the first failed read on


def watch_canary(
    section: DeploymentSection,
    read: Callable[[], Observed],
    *,
    gone: Callable[[], str] = lambda: "",
    on_message: Callable[[str], None] = lambda message: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    poll_seconds: float = POLL_SECONDS,
    waited_seconds: float = 0.0,
) -> Verdict:
    """Read the counts of a canary until it is promoted, rolled back, or good and waiting for a person's approval.

    Without metrics nothing is decided for the canary: blindness only ever ends in a rollback.

    Args:
        section: the plan's rule.
        read: reads what was counted so far (`evidence.read_evidence`); a TemporaryError or MonitoringError of it means
            that the metrics cannot be read now.
        gone: returns a sentence once the canary's pods have been gone for too long, "" before; if it raises a
            TemporaryError, that is not known, and not taken for gone.
        on_message: called with each state, in words for a person.
        sleep: waits so many seconds.
        clock: seconds that never go back.
        poll_seconds: pause between two reads.
        waited_seconds: time the canary has had its share already, where the judge itself was started again.

    Returns:
        The verdict with what was last counted; its decision is ``hold`` only for the reason ``approval``.
    """
    started = last_read = clock()
    observed: Observed | None = None

    def decide() -> Verdict | None:
        nonlocal last_read, observed
        absence, fault = _absence(gone), ""
        try:
            observed = read()
            last_read = clock()
        except (TemporaryError, MonitoringError) as error:
            fault = str(error)
        now = clock()
        blind = max(now - last_read, A_MOMENT) if fault else 0.0
        waited = waited_seconds + now - started
        verdict = judge(evidence_of(observed, waited_seconds=waited, blind_seconds=blind, gone=absence), section)
        if verdict.decision != "hold" or verdict.reason == "approval":
            return verdict.model_copy(update={"observed": observed})
        on_message(f"{verdict.sentence} {fault}" if fault or observed is None else describe(observed, section))
        return None

    return wait_until(decide, pause_seconds=poll_seconds, sleep=sleep, clock=clock)


def describe(observed: Observed, section: DeploymentSection) -> str:
    """Return progress in words: "137 of 200 requests, 0 errors, p99 8 ms"."""
    canary, stable = observed.canary, observed.stable
    if not canary.pods:
        return f"No request yet: Prometheus has seen no pod of bundle {canary.bundle}"
    sentence = f"{canary.answered} of {quantity(section.canary.min_requests, 'request')}, {_figures(canary)}"
    return f"{sentence} (stable: {quantity(stable.answered, 'request')}, {_figures(stable)})" if stable else sentence


def _figures(side: Side) -> str:
    errors = quantity(side.errors, "error")
    refused = f", {side.refused} refused" if side.refused else ""
    slowest = f", p99 {side.latency_p99_ms:.3g} ms" if side.latency_p99_ms is not None else ""
    return f"{errors}{refused}{slowest}"


def _absence(gone: Callable[[], str]) -> str:
    try:
        return gone()
    except TemporaryError:
        return ""
