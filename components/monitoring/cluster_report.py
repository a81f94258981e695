"""What monitoring found on a cluster, for people: first whether anybody can see, then what users sent."""

from __future__ import annotations

import math

from sevenfold.contracts.reference import Reference
from sevenfold.drift.counters import latency_quantile, summed
from sevenfold.drift.verdict import alarms, overall
from sevenfold.monitoring.live import Judged, Live
from sevenfold.monitoring.pictures import drift_blocks
from sevenfold.monitoring.report import LEVELS, headline
from sevenfold.monitoring.sight import Sight
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Facts, Finding, Findings, Level, Report, Text
from sevenfold.report.model import Block

__all__ = ["cluster_report"]

GRAVITY: tuple[Level, ...] = ("good", "info", "warning", "bad")


def cluster_report(
    live: Live, rows: Judged | None, reference: Reference, section: MonitoringSection, level: ServiceLevel
) -> Report:
    """Return the report of a bundle that serves on a cluster.

    Args:
        live: what Prometheus told; where it told nothing, the report says unknown and is never good.
        rows: the dataset's rows, judged as a batch; None where the plan names none.
        reference: the bundle's.
        section: limits.
        level: what users are promised.
    """
    findings = [*_sight_findings(live, section)]
    blocks: list[Block] = [_facts(live, level)]
    if findings:
        blocks.append(Findings(findings=tuple(findings)))
    if live.known:
        blocks.append(Text(text=f"What users sent, in windows of {section.window_minutes} minutes:"))
        found = alarms(live.judged.windows, section)
        blocks += drift_blocks(live.judged.windows, found, live.judged.counts, reference, section)
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


def _live_level(live: Live, section: MonitoringSection) -> Level:
    return LEVELS[overall(live.judged.windows, section)] if live.known else "warning"


def _live_headline(live: Live, section: MonitoringSection) -> str:
    if live.fault:
        return "Unknown: Prometheus could not be asked, so nobody can tell whether what users send has drifted."
    if not live.known:
        return "Unknown: Prometheus does not see this bundle, so nobody can tell whether what users send has drifted."
    return _said(live.judged, section)


def _rows_headline(rows: Judged | None, section: MonitoringSection) -> str:
    return f"In the dataset: {_said(rows, section)}" if rows is not None else ""


def _said(judged: Judged, section: MonitoringSection) -> str:
    count = f"{sum(window.rows for window in judged.windows):,} {judged.what}"
    verdict, found = overall(judged.windows, section), alarms(judged.windows, section)
    return headline(verdict, found, judged.windows, count, section)


def _sight_findings(live: Live, section: MonitoringSection) -> list[Finding]:
    sight = live.sight
    if sight is None:
        return [Finding(level="warning", text=live.fault)]
    found = []
    if not sight.scraped:
        last = f"for {sight.age_seconds:.0f} s" if sight.age_seconds is not None else "within the last hour"
        found.append(f"Prometheus at {section.prometheus} has not seen this bundle {last}: does it scrape its pods?")
    if sight.down:
        found.append(f"{sight.down} of {sight.up + sight.down} pods do not answer Prometheus.")
    if sight.missing_rules:
        found.append(f"Prometheus has not loaded the rules {', '.join(sight.missing_rules)}: apply rules.yaml.")
    if sight.failing_rules:
        found.append(f"Prometheus fails to evaluate {', '.join(sight.failing_rules[:5])}.")
    if sight.firing:
        found.append(f"Alerts are firing: {', '.join(sight.firing[:5])}.")
    return [Finding(level="warning", text=text) for text in found]


def _facts(live: Live, level: ServiceLevel) -> Facts:
    sight = live.sight or Sight()
    unknown = live.sight is None
    counted = summed([part.counted for part in live.counted]) if live.counted else None
    p99 = latency_quantile(counted, 0.99) * 1000 if counted else math.nan
    errors = round(counted.errors) if counted else None
    slow = math.isfinite(p99) and p99 > level.latency_p99_ms
    return Facts(
        facts=(
            Fact(
                label="pods scraped",
                value=None if unknown else sight.pods,
                hint="whose figures Prometheus has, and fresh",
                level="good" if sight.scraped else "warning",
            ),
            Fact(label="last sample", value=sight.age_seconds, unit="s ago"),
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
    )


def _rules(live: Live) -> str:
    if live.sight is None:
        return "unknown"
    return "missing" if live.sight.missing_rules else "failing" if live.sight.failing_rules else "loaded"
