"""Metric names: well-formed, distinct, documented; the text format is read as Prometheus wrote it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, generate_latest

from sevenfold.drift import telemetry
from sevenfold.drift.telemetry import METRICS, bundle_label, parse_metrics


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"sevenfold_[a-z_]+", metric.name)
        # counters, and counters alone, say so in their name
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.help.endswith(".")
        assert metric.labels[0] == "model"
        assert not {"namespace", "pod", "le"} & set(metric.labels)


def test_every_metric_is_listed() -> None:
    named = {value for value in vars(telemetry).values() if isinstance(value, telemetry.Metric)}
    assert named == set(METRICS)


def test_the_default_service_level_is_a_bucket() -> None:
    from sevenfold.plan.deployment import ServiceLevel

    assert ServiceLevel().latency_p99_ms / 1000 in telemetry.BUCKETS


@given(st.text(max_size=30), st.integers(0, 10**12))
def test_reading_inverts_writing(value: str, count: int) -> None:
    registry = CollectorRegistry()
    Counter("seen", "What was seen.", ["what"], registry=registry).labels(value).inc(count)
    samples = parse_metrics(generate_latest(registry).decode())
    assert samples["seen_total", frozenset({("what", value)})] == count


def test_the_label_of_a_bundle_is_short() -> None:
    assert bundle_label("sha256:" + "ab" * 32) == "abababababab"
