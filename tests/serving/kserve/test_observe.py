"""Watching a canary: when it decides, what it reports meanwhile, and what it never takes for evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sevenfold.contracts.errors import MonitoringError, SevenfoldError, TemporaryError
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.report import Chart, Table
from sevenfold.serving.evidence_report import evidence_blocks
from sevenfold.serving.judge import Verdict
from sevenfold.serving.kserve.observe import watch_canary
from sevenfold.serving.observed import Observed, Side

PLAN = DeploymentSection()


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def seen(answered: int, **more: Any) -> Observed:
    side = Side(**{"bundle": "c" * 12, "pods": 1, "answered": answered, "latency_p99_ms": 8.0, **more})
    return Observed(canary=side, stable=Side(bundle="s" * 12, pods=1, answered=900, latency_p99_ms=7.0))


def watched(
    reads: list[Observed | SevenfoldError], plan: DeploymentSection = PLAN, **options: Any
) -> tuple[Verdict, list[str], float]:
    """Watch with the result of each read; the last one repeats for ever."""
    clock, messages, left = Clock(), [], list(reads)

    def read() -> Observed:
        result = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(result, SevenfoldError):
            raise result
        return result

    verdict = watch_canary(plan, read, on_message=messages.append, sleep=clock.sleep, clock=clock, **options)
    return verdict, messages, clock.now - 1_000.0


DOWN = TemporaryError("prometheus_unreachable", "Prometheus must answer, but did not.")


def test_it_decides_as_soon_as_there_is_enough_and_reports_progress_until_then() -> None:
    verdict, messages, seconds = watched([seen(0, pods=0), seen(137, errors=1), seen(205)])
    assert (verdict.decision, verdict.reason, seconds) == ("promote", "good", 10.0)
    assert messages[0] == "No request yet: Prometheus has seen no pod of bundle cccccccccccc"
    assert messages[1] == "137 of 200 requests, 1 error, p99 8 ms (stable: 900 requests, 0 errors, p99 7 ms)"
    assert verdict.observed == seen(205)
    assert Verdict.model_validate(json.loads(verdict.model_dump_json())) == verdict


def test_enough_errors_are_not_waited_on() -> None:
    verdict, _, seconds = watched([seen(199, errors=199), seen(200, errors=199)])
    assert (verdict.reason, seconds) == ("errors", 5.0)


def test_with_a_manual_approval_a_good_one_waits_for_a_person() -> None:
    verdict, _, _ = watched([seen(300)], PLAN.replaced(approval="manual"))
    assert (verdict.decision, verdict.reason) == ("hold", "approval")
    assert verdict.observed == seen(300)


def test_half_an_hour_without_requests_is_no_evidence() -> None:
    verdict, _, seconds = watched([seen(3)])
    assert (verdict.reason, seconds) == ("no_evidence", 1_800.0)
    resumed, _, seconds = watched([seen(3)], waited_seconds=1_700.0)
    assert (resumed.reason, seconds) == ("no_evidence", 100.0)


def test_blind_for_ten_minutes_rolls_back_whatever_was_seen_before() -> None:
    for fault in (DOWN, MonitoringError("prometheus_refused", "Prometheus must answer, but refuses.")):
        verdict, messages, seconds = watched([seen(150), fault])
        assert (verdict.decision, verdict.reason, seconds) == ("rollback", "blind", 600.0)
        assert "must answer" in messages[-1]
    assert watched([DOWN])[0].reason == "blind"


def test_a_short_blindness_is_forgotten() -> None:
    verdict, _, seconds = watched([DOWN] * 119 + [seen(100)] + [DOWN] * 119 + [seen(210)])
    assert (verdict.reason, seconds) == ("good", 1_195.0)


def gone_after(reads: int) -> Callable[[], str]:
    left = [reads]

    def gone() -> str:
        left[0] -= 1
        return "its pods have not been ready for 20 s." if left[0] < 0 else ""

    return gone


def test_pods_that_are_gone_are_rolled_back_also_by_the_blind() -> None:
    verdict, _, seconds = watched([DOWN], gone=gone_after(3))
    assert (verdict.decision, verdict.reason, seconds) == ("rollback", "predictor_gone", 15.0)
    assert "not been ready" in verdict.sentence


def test_not_knowing_whether_pods_are_gone_is_not_knowing_that_they_are() -> None:
    def unknown() -> str:
        raise TemporaryError("kubernetes_unreachable", "The API server must answer, but did not.")

    assert watched([seen(10), seen(200)], gone=unknown)[0].reason == "good"


def test_the_numbers_are_a_table_and_a_chart_per_version() -> None:
    bins = {"below 3": 90, "3 to 5": 60, "5 and above": 50, "missing": 0}
    reference = {"missing": 0, "5 and above": 500, "3 to 5": 600, "below 3": 900}
    observed = seen(200, prediction=bins, reference=reference, psi=0.01, refused=3, errors=1)
    table, chart = evidence_blocks(observed, PLAN)
    assert isinstance(table, Table)
    assert isinstance(chart, Chart)
    assert table.rows[0] == ("canary", "c" * 12, 1, 200, "1 (0.50%)", "3 (1.48%)", "8 ms", 200, 0.01)
    assert table.rows[1][0] == "stable"
    drawn = json.dumps(chart.spec)
    assert drawn.index("below 3") < drawn.index("3 to 5") < drawn.index("5 and above")
    assert "missing" not in drawn
    assert evidence_blocks(None, PLAN) == []
    assert len(evidence_blocks(Observed(canary=Side(bundle="c")), PLAN)) == 1
