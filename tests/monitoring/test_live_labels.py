"""Labels that came back, read from a real Prometheus and told in the report of a service."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sevenfold.drift.concept import ConceptVerdict
from sevenfold.drift.prometheus import PrometheusClient
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.cluster_report import cluster_report
from sevenfold.monitoring.live_labels import LiveLabels, label_finding, live_labels
from sevenfold.monitoring.live_windows import JudgedRows, LiveTraffic
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection()


def page(bundle: str, rows: int, squared: float) -> str:
    shared = f'namespace="team",model="wind",bundle="{bundle}"'
    sums = {"squared_error": squared, "fourth_power_error": 3 * squared**2 / max(rows, 1)}
    lines = [f"sevenfold_feedback_{name}_total{{{shared}}} {value}" for name, value in sums.items()]
    return "\n".join([f'sevenfold_feedback_rows_total{{{shared},label="scored"}} {rows}', *lines, ""])


def test_the_verdict_is_that_of_the_counters(sample: Any, prometheus: Any) -> None:
    label, counted = bundle_label(sample.bundle.digest), [(0, 0.0)]
    prometheus.expose(lambda: page(label, *counted[-1]))
    client = PrometheusClient(prometheus.url)
    asked = {"namespace": "team", "model": "wind"}

    def read() -> LiveLabels | None:
        return live_labels(client, sample.bundle, SECTION, **asked, at=client.now())

    def awaited(rows: int) -> LiveLabels:
        deadline = time.monotonic() + 15
        while (live := read()) is None or live.rows != rows:
            assert time.monotonic() < deadline, live
            time.sleep(0.05)
        return live

    assert live_labels(client, sample.bundle, SECTION, namespace="team", model="other", at=client.now()) is None
    assert awaited(0).verdict.drifted is None
    counted.append((600, 600 * 1.21))  # an RMSE of 1.1, and of 1 on the validation rows
    assert awaited(600).verdict.score == pytest.approx(1.1)
    counted.append((6_000, 6_000 * 1.44))
    live = awaited(6_000)
    assert live.metric == "rmse"
    assert live.verdict.loss == pytest.approx(0.2)
    assert live.verdict.drifted


def labelled(drifted: bool | None, rows: int = 900) -> LiveLabels:
    return LiveLabels(rows, "accuracy", 0.9, ConceptVerdict(0.8, 0.1, 5.0, drifted))


@pytest.mark.parametrize(
    ("drifted", "text"), [(True, "0.8, on the validation rows it was 0.9"), (None, "needs 200"), (False, "")]
)
def test_a_finding_says_what_calls_for_attention(drifted: bool | None, text: str) -> None:
    finding = label_finding(labelled(drifted), SECTION)
    assert (finding is None) == (not text)
    assert finding is None or text in finding.text


def test_the_report_of_a_service_says_how_good_the_model_is(sample: Any) -> None:
    for labels, shown in ((labelled(True), 0.8), (None, None)):
        live = LiveTraffic(JudgedRows([], {}, ""), [], None, fault="no answer", labels=labels)
        report = cluster_report(live, None, sample.bundle.reference(), SECTION, ServiceLevel())
        facts = {fact.label: fact for fact in report.blocks[0].facts}
        fact = facts.get("accuracy by labels")
        assert (fact and fact.value) == shown
        assert fact is None or "900 rows of 24 hours" in fact.hint
        texts = [finding.text for block in report.blocks[1:] for finding in getattr(block, "findings", ())]
        assert any("has become worse" in text for text in texts) == (labels is not None)
