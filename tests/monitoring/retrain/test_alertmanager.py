"""Notifications as Alertmanager sends them, read as causes; what is no notification is refused whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.monitoring.retrain.alertmanager import DRIFT_ALERTS, MOST_ALERTS, read_notification
from sevenfold.monitoring.rules import rule_groups
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection


def alert(feature: str = "wind", **changes: Any) -> dict[str, Any]:
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": "flights", "bundle": "b1"}
    given = {
        "status": "firing",
        "labels": {**labels, "feature": feature, **changes.pop("labels", {})},
        "annotations": {"summary": f"{feature} of flights has drifted."},
        "startsAt": "2026-03-01T10:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": f"f-{feature}",
    }
    return {**given, **changes}


def body(*alerts_sent: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"version": "4", "groupKey": "g", "receiver": "r", "alerts": alerts_sent, **changes}).encode()


def test_alerts_about_one_bundle_are_one_cause() -> None:
    read = read_notification(body(alert("wind"), alert("rain"), alert("rain", labels={"bundle": "b2"})))
    first, second = read.firing
    assert (first.name, first.namespace, first.bundle, first.known) == ("flights", "team", "b1", True)
    assert len(first.keys) == 2
    assert first.evidence == "rain of flights has drifted. wind of flights has drifted"
    assert second.bundle == "b2"
    assert first.since == pytest.approx(1_772_359_200.123)
    assert read.resolved == ()


def test_the_same_alerts_are_the_same_cause_in_any_order_and_time_zone() -> None:
    one = read_notification(body(alert("wind"), alert("rain"))).firing[0]
    other = read_notification(body(alert("rain"), alert("wind"))).firing[0]
    assert one.key == other.key
    later = read_notification(body(alert("wind", startsAt="2026-03-01T10:00:01Z"), alert("rain"))).firing[0]
    assert later.key != one.key


def test_a_twin_says_that_nothing_was_measured() -> None:
    labels = {"alertname": "SevenfoldFeatureDriftUnknown", "twin_of": "SevenfoldFeatureDrift"}
    (cause,) = read_notification(body(alert(labels=labels))).firing
    assert not cause.known


def test_other_alerts_are_nobodys_cause() -> None:
    read = read_notification(
        body(
            alert(labels={"alertname": "SevenfoldLatencyHigh"}),
            alert(labels={"alertname": "SevenfoldLatencyHighUnknown", "twin_of": "SevenfoldLatencyHigh"}),
            alert(labels={"alertname": "SevenfoldWatchdog"}),
        )
    )
    assert (read.firing, read.resolved, read.watchdog) == ((), (), True)


def test_what_is_over_is_told_apart() -> None:
    read = read_notification(body(alert("wind", status="resolved"), alert("rain")))
    assert [cause.evidence for cause in read.firing] == ["rain of flights has drifted"]
    assert [cause.evidence for cause in read.resolved] == ["wind of flights has drifted"]


def test_the_alerts_that_ask_are_among_those_we_ship() -> None:
    groups = rule_groups("flights", MonitoringSection(), ServiceLevel())["groups"]
    assert {rule.get("alert") for group in groups for rule in group["rules"]} >= DRIFT_ALERTS


def test_a_model_that_has_become_worse_is_a_cause_and_labels_that_stay_away_are_none() -> None:
    worse = alert(labels={"alertname": "SevenfoldConceptDrift"})
    silent = alert(labels={"alertname": "SevenfoldConceptDriftUnknown", "twin_of": "SevenfoldConceptDrift"})
    assert [cause.known for cause in read_notification(body(worse)).firing] == [True]
    assert [cause.known for cause in read_notification(body(silent)).firing] == [False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        body(alert(), version="5"),
        body(alert(startsAt="yesterday")),
        body(alert(startsAt="2026-03-01T10:00:00")),
        body(alert(status="maybe")),
        body(alert(fingerprint="")),
        body(alert(labels={"model": "x" * 5_000})),
        body(*[alert()] * (MOST_ALERTS + 1)),
        b"[" * 100_000,
    ],
    ids=lambda content: content[:20].decode(errors="replace"),
)
def test_what_is_no_notification_is_refused_whole(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_notification(content)
    assert caught.value.code == "bad_notification"
    assert len(str(caught.value)) < 500


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notification_or_refused(content: bytes) -> None:
    try:
        read_notification(content)
    except DataError as error:
        assert error.code == "bad_notification"
