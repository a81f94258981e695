"""Alerts: the conditions and texts of each, a twin for the time when its metric is missing, and a watchdog.

To Prometheus a missing metric looks like an alert that is over, so every alert has a twin that fires when the metric
it reads is absent. The watchdog always fires, so that its receiver notices when Prometheus is silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sevenfold.drift import telemetry
from sevenfold.drift.promql import FEATURE, PREDICTIONS, Subject, window_increase
from sevenfold.drift.telemetry import Metric
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["ABSENT_MINUTES", "WATCHDOG", "Alert", "alerting_rules", "alerts", "with_twins"]

WATCHDOG = "SevenfoldWatchdog"
ABSENT_MINUTES = 10
MISSED = "1h"  # for which one of several models is missed
RECENT = "5m"
OF_MODEL = "{{ with $labels.model }} for {{ . }}{{ end }}"  # rules for every model say nothing of one that is gone
ONE_BIN = 0.99  # share of one bin that makes predictions constant
COLLAPSED = 0.5  # of the reference's entropy
COMMON = 0.05  # share in the reference of an outcome that cannot be missing by chance


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert; `reads` is the metric without which it cannot be evaluated."""

    name: str
    expression: str
    reads: Metric
    severity: Literal["warning", "critical"]
    summary: str
    description: str
    minutes: int = 0  # how long it must hold


def alerts(selector: str, section: MonitoringSection, level: ServiceLevel) -> list[Alert]:
    """Return the alerts of a model, without twins and watchdog."""
    return [*_drift(selector, section), *_outputs(selector, section), *_service(selector, level)]


def alerting_rules(selector: str, section: MonitoringSection, level: ServiceLevel) -> list[dict[str, Any]]:
    """Return the alerting rules for Prometheus: every alert, its twin, and the watchdog."""
    return [*with_twins(alerts(selector, section, level), selector), _watchdog()]


def with_twins(wanted: Iterable[Alert], selector: str) -> list[dict[str, Any]]:
    """Return alerts as rules for Prometheus, each followed by its twin."""
    return [rule for alert in wanted for rule in (_rule(alert), _twin(alert, selector))]


def _drift(selector: str, section: MonitoringSection) -> list[Alert]:
    limit = f"in {section.windows_drifted} of {section.windows} windows of {section.window_minutes} minutes"
    return [
        Alert(
            name="SevenfoldFeatureDrift",
            expression=_k_of_n(FEATURE, selector, section),
            reads=telemetry.FEATURE_BINS,
            severity="warning",
            summary="{{ $labels.feature }} of {{ $labels.model }} has drifted.",
            description=f"Its values are spread otherwise than in training, {limit}. "
            "See the dashboard of the feature for the bins that moved; then mend the source, or train anew.",
        ),
        Alert(
            name="SevenfoldPredictionDrift",
            expression=_k_of_n(PREDICTIONS, selector, section),
            reads=telemetry.PREDICTION_BINS,
            severity="warning",
            summary="The predictions of {{ $labels.model }} have drifted.",
            description=f"They are spread otherwise than in the reference, {limit}. "
            "See whether a feature drifted too: if none did, look at the predictor.",
        ),
    ]


def _k_of_n(subject: Subject, selector: str, section: MonitoringSection) -> str:
    """Add up separate windows; one without a verdict counts as not drifted."""
    now = f"{subject.name('drifted')}{selector}"
    before = [f"({now} offset {back * section.window_minutes}m or {now} * 0)" for back in range(1, section.windows)]
    return f"{' + '.join([now, *before])} >= {section.windows_drifted}"


def _outputs(selector: str, section: MonitoringSection) -> list[Alert]:
    of, by = PREDICTIONS.name, PREDICTIONS.labels
    enough = f"{of('rows')}{selector} >= {section.min_rows}"
    now, before = f"{of('bin_share')}{selector}", f"{of('reference_bin_share')}{selector}"
    largest, was_largest = f"max by ({by}) ({now})", f"max by ({by}) ({before})"
    entropy, was_entropy = (f"(0 - sum by ({by}) ({share} * ln({share})))" for share in (now, before))
    return [
        Alert(
            name="SevenfoldConstantPrediction",
            expression=f"({largest} > {ONE_BIN} unless {was_largest} > {ONE_BIN}) and {enough}",
            reads=telemetry.PREDICTION_BINS,
            severity="critical",
            summary="{{ $labels.model }} predicts the same for nearly every row.",
            description=f"More than {ONE_BIN:.0%} of the predictions fall into one bin, and not so in the reference. "
            "See whether requests still carry their fields.",
        ),
        Alert(
            name="SevenfoldConfidenceCollapse",
            expression=f"({entropy} < {COLLAPSED} * {was_entropy}) and {enough}",
            reads=telemetry.PREDICTION_BINS,
            severity="warning",
            summary="The predictions of {{ $labels.model }} have become alike.",
            description="They spread over far fewer bins than in the reference (half its entropy or less).",
        ),
        Alert(
            name="SevenfoldOutcomeNeverPredicted",
            expression=f"({of('bin_rows')}{selector} == 0) and ({before} >= {COMMON}) and on ({by}) ({enough})",
            reads=telemetry.PREDICTION_BINS,
            severity="warning",
            summary="{{ $labels.model }} no longer predicts {{ $labels.bin }}.",
            description=f"At least {COMMON:.0%} of the reference's predictions were in this bin, now none is.",
        ),
        Alert(
            name="SevenfoldNonFinitePrediction",
            expression=f"sum by ({by}) ({window_increase(f'{telemetry.NONFINITE}{selector}', 15)}) > 0",
            reads=telemetry.NONFINITE,
            severity="critical",
            summary="{{ $labels.model }} computed NaN or infinity.",
            description="Such requests are answered with an error. Serve the last good bundle.",
        ),
    ]


def _service(selector: str, level: ServiceLevel) -> list[Alert]:
    by = PREDICTIONS.labels
    buckets = f"rate({telemetry.REQUEST_SECONDS}_bucket{selector}[{RECENT}])"
    every = f"sum by ({by}) (rate({telemetry.REQUESTS}{selector}[{RECENT}]))"
    failed = f"sum by ({by}) (rate({telemetry.REQUESTS}{_and(selector, 'code=~', '5..')}[{RECENT}]))"
    rejected = f"{telemetry.MODEL_LOAD_REJECTED}{selector}"
    return [
        Alert(
            name="SevenfoldLatencyHigh",
            expression=f"histogram_quantile(0.99, sum by ({by}, le) ({buckets})) > {level.latency_p99_ms / 1000!r}",
            reads=telemetry.REQUEST_SECONDS,
            severity="warning",
            minutes=5,
            summary="{{ $labels.model }} answers too slowly.",
            description=f"The 99th percentile of a request has passed {level.latency_p99_ms:g} ms for 5 minutes.",
        ),
        Alert(
            name="SevenfoldErrorRateHigh",
            expression=f"{failed} / {every} > {level.error_rate!r}",
            reads=telemetry.REQUESTS,
            severity="critical",
            minutes=5,
            summary="{{ $labels.model }} fails too often.",
            description=f"More than {level.error_rate:.2%} of the requests have got a 5xx for 5 minutes.",
        ),
        Alert(
            name="SevenfoldNotReady",
            expression=f"max by (namespace, model) ({telemetry.READY}{selector}) == 0",
            reads=telemetry.READY,
            severity="critical",
            minutes=5,
            summary="No predictor of {{ $labels.model }} is ready.",
            description="See the predictor's log for why it does not load its bundle.",
        ),
        Alert(
            name="SevenfoldBundleRefused",
            expression=f"sum by (namespace, model, reason) ({window_increase(rejected, 15)}) > 0",
            reads=telemetry.MODEL_LOAD_REJECTED,
            severity="critical",
            summary="A bundle of {{ $labels.model }} was refused at load ({{ $labels.reason }}).",
            description="What served before goes on serving. Find out who changed the bundle.",
        ),
    ]


def _and(selector: str, match: str, value: str) -> str:
    return f'{selector[:-1]}, {match}"{value}"}}'


def _rule(alert: Alert) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expression}
    if alert.minutes:
        rule["for"] = f"{alert.minutes}m"
    rule["labels"] = {"severity": alert.severity}
    rule["annotations"] = {"summary": alert.summary, "description": alert.description}
    return rule


def _twin(alert: Alert, selector: str) -> dict[str, Any]:
    reads = f"{alert.reads}_bucket" if alert.reads.kind == "histogram" else str(alert.reads)
    expression = f"absent({reads}{selector})"
    if not selector or "=~" in selector:  # one of several that is gone leaves something there
        by, series = "group by (namespace, model)", f"{reads}{selector}"
        expression += f" or ({by} (last_over_time({series}[{MISSED}])) unless {by} ({series}))"
    return {
        "alert": f"{alert.name}Unknown",
        "expr": expression,
        "for": f"{ABSENT_MINUTES}m",
        "labels": {"severity": "warning", "twin_of": alert.name},
        "annotations": {
            "summary": f"It is unknown whether {alert.name} holds{OF_MODEL}.",
            "description": f"{reads} has not been seen for {ABSENT_MINUTES} minutes. See whether what writes it "
            "runs, and Prometheus scrapes it.",
        },
    }


def _watchdog() -> dict[str, Any]:
    return {
        "alert": WATCHDOG,
        "expr": "vector(1)",
        "labels": {"severity": "none"},
        "annotations": {
            "summary": "Always fires, as long as Prometheus works.",
            "description": "Let whatever receives alerts call for help when this one stays away.",
        },
    }
