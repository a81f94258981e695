"""The monitoring report of a service on a cluster: its visibility to Prometheus first, then the users' traffic."""

from __future__ import annotations

import math

from sevenfold.contracts.reference import Reference
from sevenfold.drift.counters import latency_quantile, summed
from sevenfold.drift.verdict import alarms, overall
from sevenfold.monitoring.drift_charts import drift_blocks
from sevenfold.monitoring.live_labels import label_fact, label_finding
from sevenfold.monitoring.live_windows import JudgedRows, LiveTraffic
from sevenfold.monitoring.report import LEVELS, headline
from sevenfold.monitoring.visibility import Visibility
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Facts, Finding, Findings, Level, Report, Text
from sevenfold.report.model import Block

__all__ = ["cluster_report"]

GRAVITY: tuple[Level, ...] = ("good", "info", "warning", "bad")


def cluster_report(
    live: LiveTraffic, rows: JudgedRows | None, reference: Reference, section: MonitoringSection, level: ServiceLevel
) -> Report:
    """Return the report of a bundle served on a cluster.

    Args:
        live: the traffic that Prometheus counted; where it is not known, the report says unknown and is never good.
        rows: the dataset's rows, judged as a batch; None where the plan names none.
        reference: the bundle's.
        section: the limits.
        level: the promised latency and error rate.
    """
    findings = [*_visibility_findings(live, section)]
    facts = _facts(live, level)
    if live.labels is not None:
        findings += filter(None, [label_finding(live.labels, section)])
        facts = (*facts, label_fact(live.labels, section))
    blocks: list[Block] = [Facts(facts=facts)]
    if findings:
        blocks.append(Findings(findings=tuple(findings)))
    if live.known:
        blocks.append(Text(text=f"What users sent, in windows of {section.window_minutes} minutes:"))
        raised = alarms(live.judged.windows, section)
        blocks += drift_blocks(live.judged.windows, raised, live.judged.counts, reference, section)
    if rows is not None:
        blocks.append(Text(text=f"The dataset's {rows.what}, judged without sending them to the service:"))
        blocks += drift_blocks(rows.windows, alarms(rows.windows, section), rows.counts, reference, section)
    levels = [_live_level(live, section), *(finding.level for finding in findings)]
    if rows is not None:
        levels.append(LEVELS[overall(rows.windows, section)])
    return Report(
        stage="monitoring",
        title="Monitoring: watch the model",
        headline=" ".join(filter(None, [_live_headline(live, section), _rows_headline(rows, section)])),
        level=max(levels, key=GRAVITY.index),
        blocks=tuple(blocks),
    )


def _live_level(live: LiveTraffic, section: MonitoringSection) -> Level:
    return LEVELS[overall(live.judged.windows, section)] if live.known else "warning"


def _live_headline(live: LiveTraffic, section: MonitoringSection) -> str:
    if live.fault:
        return "Unknown: Prometheus could not be asked, so drift in the users' requests is not known."
    if not live.known:
        return "Unknown: Prometheus does not see this bundle, so drift in the users' requests is not known."
    return _sentence(live.judged, section)


def _rows_headline(rows: JudgedRows | None, section: MonitoringSection) -> str:
    return f"In the dataset: {_sentence(rows, section)}" if rows is not None else ""


def _sentence(judged: JudgedRows, section: MonitoringSection) -> str:
    count = f"{sum(window.rows for window in judged.windows):,} {judged.what}"
    verdict, raised = overall(judged.windows, section), alarms(judged.windows, section)
    return headline(verdict, raised, judged.windows, count, section)


def _visibility_findings(live: LiveTraffic, section: MonitoringSection) -> list[Finding]:
    visibility = live.visibility
    if visibility is None:
        return [Finding(level="warning", text=live.fault)]
    texts = []
    if not visibility.scraped:
        last = f"for {visibility.age_seconds:.0f} s" if visibility.age_seconds is not None else "within the last hour"
        texts.append(f"Prometheus at {section.prometheus} has not seen this bundle {last}: does it scrape its pods?")
    if visibility.down:
        texts.append(f"{visibility.down} of {visibility.up + visibility.down} pods do not answer Prometheus.")
    if visibility.missing_rules:
        texts.append(f"Prometheus has not loaded the rules {', '.join(visibility.missing_rules)}: apply rules.yaml.")
    if visibility.failing_rules:
        texts.append(f"Prometheus fails to evaluate {', '.join(visibility.failing_rules[:5])}.")
    if visibility.firing:
        texts.append(f"Alerts are firing: {', '.join(visibility.firing[:5])}.")
    return [Finding(level="warning", text=text) for text in texts]


def _facts(live: LiveTraffic, level: ServiceLevel) -> tuple[Fact, ...]:
    visibility = live.visibility or Visibility()
    unknown = live.visibility is None
    counted = summed([part.counted for part in live.counted]) if live.counted else None
    p99 = latency_quantile(counted, 0.99) * 1000 if counted else math.nan
    errors = round(counted.errors) if counted else None
    slow = math.isfinite(p99) and p99 > level.latency_p99_ms
    return (
        Fact(
            label="pods scraped",
            value=None if unknown else visibility.pods,
            hint="whose metrics Prometheus has, and fresh",
            level="good" if visibility.scraped else "warning",
        ),
        Fact(label="last sample", value=visibility.age_seconds, unit="s ago"),
        Fact(label="rules", value=_rules(live), level="good" if _rules(live) == "loaded" else "warning"),
        Fact(label="requests of users", value=round(counted.requests) if counted else None),
        Fact(label="failed requests", value=errors, level="bad" if errors else None),
        Fact(
            label="99th percentile",
            value=round(p99, 2) if math.isfinite(p99) else None,
            unit="ms",
            hint=f"at most {level.latency_p99_ms:g} ms",
            level="bad" if slow else None,
        ),
    )


def _rules(live: LiveTraffic) -> str:
    if live.visibility is None:
        return "unknown"
    return "missing" if live.visibility.missing_rules else "failing" if live.visibility.failing_rules else "loaded"
