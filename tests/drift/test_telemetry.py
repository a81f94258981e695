"""Metric names: well-formed, distinct, documented."""

from __future__ import annotations

import re

from sevenfold.drift import telemetry
from sevenfold.drift.telemetry import METRICS, bundle_label


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


def test_labels_of_their_own_come_in_alphabetical_order() -> None:
    assert telemetry.FEATURE_BINS.own_labels == ("bin", "feature")
    assert telemetry.PREDICTIONS.own_labels == ()


def test_the_default_service_level_is_a_bucket() -> None:
    from sevenfold.plan.deployment import ServiceLevel

    assert ServiceLevel().latency_p99_ms / 1000 in telemetry.BUCKETS


def test_the_label_of_a_bundle_is_short() -> None:
    assert bundle_label("sha256:" + "ab" * 32) == "abababababab"
