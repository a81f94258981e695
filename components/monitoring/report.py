"""The monitoring report of a replay or a table: which features moved, when, and how far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sevenfold.contracts.reference import Reference
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import Alarm, Verdict, WindowDrift, alarms, overall
from sevenfold.monitoring.drift_charts import drift_blocks
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.traffic_charts import traffic_blocks, worst_p99
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Facts, Finding, Findings, Level, Report
from sevenfold.report.model import Block
from sevenfold.report.quantity import quantity

__all__ = ["LEVELS", "headline", "replay_report", "tables_report"]

LEVELS: dict[Verdict, Level] = {"drifted": "warning", "stable": "good", "insufficient_data": "info"}
NAMED = 3  # features named in the headline


def replay_report(
    windows: Sequence[WindowDrift],
    replayed: Sequence[Replayed],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
    section: MonitoringSection,
    *,
    what: str,
) -> Report:
    """Return the report of a replay or of live traffic.

    Args:
        windows: the verdict of each window, in time order.
        replayed: what the predictor counted in each of them.
        counts: rows per bin by window label and feature.
        reference: the bundle's.
        section: the limits.
        what: a description of the rows, such as "rows after the test period".
    """
    verdict, raised = overall(windows, section), alarms(windows, section)
    rows = sum(window.rows for window in windows)
    blocks: list[Block] = [_facts(windows, replayed, verdict), *_findings(raised, windows)]
    blocks += drift_blocks(windows, raised, counts, reference, section)
    blocks += traffic_blocks(replayed)
    return Report(
        stage="monitoring",
        title="Monitoring: watch the model",
        headline=headline(verdict, raised, windows, f"{rows:,} {what}", section),
        level=LEVELS[verdict],
        blocks=tuple(blocks),
    )


def tables_report(
    windows: Sequence[WindowDrift],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
    section: MonitoringSection,
) -> Report:
    """Return the report of one or more tables, each a window by its label, the earliest first."""
    verdict, raised = overall(windows, section), alarms(windows, section)
    rows, one = sum(window.rows for window in windows), len(windows) == 1
    drifted = sum(window.verdict == "drifted" for window in windows)
    facts = [
        Fact(label="rows", value=rows),
        Fact(label="training rows", value=reference.rows),
        Fact(label="features compared", value=len(reference.features)),
        Fact(label="drifted", value=len(raised), level="warning" if raised else "good"),
    ]
    if not one:
        facts.append(
            Fact(label="tables that drifted", value=f"{drifted} of {len(windows)}", level=_level(verdict, drifted))
        )
    blocks: list[Block] = [
        Facts(facts=tuple(facts)),
        *_findings(raised, windows),
        *drift_blocks(windows, raised, counts, reference, section),
    ]
    what = f"{quantity(rows, 'row')} of {windows[0].label if one else quantity(len(windows), 'table')}"
    return Report(
        stage="monitoring",
        title=f"Compare {'a table' if one else 'tables'} with the training rows",
        headline=headline(verdict, raised, windows, what, section),
        level=LEVELS[verdict],
        blocks=tuple(blocks),
    )


def headline(
    verdict: Verdict, raised: Sequence[Alarm], windows: Sequence[WindowDrift], rows: str, section: MonitoringSection
) -> str:
    """Return the verdict in a sentence; `rows` says how many rows of which kind."""
    if verdict == "insufficient_data":
        return f"No verdict on drift: a window needs {section.min_rows} rows, and none of these has as many ({rows})."
    judged = [window for window in windows if window.verdict != "insufficient_data"]
    if verdict == "stable":
        some = sum(window.verdict == "drifted" for window in judged)
        but = f" A feature moved in {some} of {quantity(len(judged), 'window')}, too few for an alarm." if some else ""
        return f"No drift: the {rows} are spread as the training rows were.{but}"
    features = [alarm for alarm in raised if not alarm.worst.predicted]
    named = ", ".join(_named(alarm, len(windows) > 1) for alarm in features[:NAMED])
    also = " The predictions moved too." if len(features) < len(raised) else ""
    if not features:
        return f"Drift: the predictions moved, while no feature did ({rows})."
    count = f"{quantity(len(features), 'feature')} moved"
    return f"Drift in the {rows}: {count}, {'most of all ' if len(features) > 1 else ''}{named}.{also}"


def _named(alarm: Alarm, timed: bool) -> str:
    return f"{alarm.feature} (since {alarm.since})" if timed else alarm.feature


def _findings(raised: Sequence[Alarm], windows: Sequence[WindowDrift]) -> list[Block]:
    judged = sum(window.verdict != "insufficient_data" for window in windows)
    sentences = []
    for alarm in raised[:8]:
        worst = alarm.worst
        name = "the predictions" if alarm.worst.predicted else alarm.feature
        where = f" in {alarm.windows} of {judged} windows, first in {alarm.since}" if judged > 1 else ""
        sentences.append(
            f"{name} moved{where}: “{worst.bin}” went from {worst.before:.1%} to {worst.after:.1%} of rows "
            f"(PSI {worst.psi:.2f})."
        )
    few = [window.label for window in windows if window.verdict == "insufficient_data"]
    notes = [Finding(level="warning", text=text) for text in sentences]
    if few and judged:
        notes.append(Finding(level="info", text=f"Too few rows for a verdict: {', '.join(few[:12])}."))
    return [Findings(findings=tuple(notes))] if notes else []


def _facts(windows: Sequence[WindowDrift], replayed: Sequence[Replayed], verdict: Verdict) -> Facts:
    requests = sum(part.counted.requests for part in replayed)
    errors = sum(part.counted.errors for part in replayed)
    drifted = sum(window.verdict == "drifted" for window in windows)
    p99 = worst_p99(replayed)
    return Facts(
        facts=(
            Fact(label="rows predicted", value=round(sum(part.counted.rows for part in replayed))),
            Fact(label="requests", value=round(requests)),
            Fact(label="failed requests", value=round(errors), level="bad" if errors else "good"),
            Fact(
                label="99th percentile, one row",
                value=round(p99 * 1000, 2) if math.isfinite(p99) else None,
                unit="ms",
                hint="the slowest window's",
            ),
            Fact(
                label="windows that drifted",
                value=f"{drifted} of {len(windows)}",
                level=_level(verdict, drifted),
            ),
        )
    )


def _level(verdict: Verdict, drifted: int) -> Level | None:
    """Return the colour of a count of windows: some, too few for an alarm, are neither good nor a warning."""
    return None if verdict == "stable" and drifted else LEVELS[verdict]
