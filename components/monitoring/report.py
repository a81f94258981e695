"""What monitoring found, for people: which features moved, when, from what to what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sevenfold.contracts.bins import FeatureBins, Reference
from sevenfold.contracts.report import Chart, Fact, Facts, Finding, Findings, Level, Report, Table, Text
from sevenfold.contracts.report import charts as draw
from sevenfold.contracts.report.model import Block
from sevenfold.monitoring.drift import (
    PREDICTION,
    Alarm,
    Counts,
    FeatureDrift,
    Verdict,
    WindowDrift,
    alarms,
    overall,
    smoothed_shares,
)
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.scrape import Scrape, latency_quantile
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["replay_report", "table_report"]

LEVELS: dict[Verdict, Level] = {"drifted": "warning", "stable": "good", "insufficient_data": "info"}
SHOWN = 24  # features of the heat map: the ones that moved most
COMPARED = 4  # features drawn bin by bin
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
        section: limits.
        what: the rows in words, such as "rows after the test period".
    """
    verdict, found = overall(windows, section), alarms(windows, section)
    rows = sum(window.rows for window in windows)
    blocks: list[Block] = [_facts(windows, replayed, verdict), *_findings(found, windows)]
    blocks += _drift_blocks(windows, found, counts, reference, section)
    blocks += _traffic_blocks(replayed)
    return Report(
        stage="monitoring",
        title="Watch the model",
        headline=_headline(verdict, found, windows, f"{rows:,} {what}", section),
        level=LEVELS[verdict],
        blocks=tuple(blocks),
    )


def table_report(
    window: WindowDrift, counts: Mapping[str, Counts], reference: Reference, section: MonitoringSection, *, data: str
) -> Report:
    """Return the report of one table, compared as a single window."""
    verdict, found = overall([window], section), alarms([window], section)
    blocks: list[Block] = [
        Facts(
            facts=(
                Fact(label="rows", value=window.rows),
                Fact(label="training rows", value=reference.rows),
                Fact(label="features compared", value=len(reference.features)),
                Fact(label="drifted", value=len(found), level="warning" if found else "good"),
            )
        ),
        *_findings(found, [window]),
        *_drift_blocks([window], found, {window.label: counts}, reference, section),
    ]
    return Report(
        stage="monitoring",
        title="Compare a table with the training rows",
        headline=_headline(verdict, found, [window], f"{window.rows:,} rows of {data}", section),
        level=LEVELS[verdict],
        blocks=tuple(blocks),
    )


def _headline(
    verdict: Verdict, found: Sequence[Alarm], windows: Sequence[WindowDrift], rows: str, section: MonitoringSection
) -> str:
    if verdict == "insufficient_data":
        return f"No verdict on drift: a window needs {section.min_rows} rows, and none of these has as many ({rows})."
    judged = [window for window in windows if window.verdict != "insufficient_data"]
    if verdict == "stable":
        some = sum(window.verdict == "drifted" for window in judged)
        but = f" A feature moved in {some} of {len(judged)} windows, too few for an alarm." if some else ""
        return f"No drift: the {rows} are spread as the training rows were.{but}"
    features = [alarm for alarm in found if alarm.feature != PREDICTION]
    named = ", ".join(_named(alarm, len(windows) > 1) for alarm in features[:NAMED])
    also = " The predictions moved too." if len(features) < len(found) else ""
    if not features:
        return f"Drift: the predictions moved, while no feature did ({rows})."
    count = f"{len(features)} feature{'s' if len(features) > 1 else ''} moved"
    return f"Drift in the {rows}: {count}, {'most of all ' if len(features) > 1 else ''}{named}.{also}"


def _named(alarm: Alarm, timed: bool) -> str:
    return f"{alarm.feature} (since {alarm.since})" if timed else alarm.feature


def _findings(found: Sequence[Alarm], windows: Sequence[WindowDrift]) -> list[Block]:
    judged = sum(window.verdict != "insufficient_data" for window in windows)
    told = []
    for alarm in found[:8]:
        worst = alarm.worst
        name = "the predictions" if alarm.feature == PREDICTION else alarm.feature
        where = f" in {alarm.windows} of {judged} windows, first in {alarm.since}" if judged > 1 else ""
        told.append(
            f"{name} moved{where}: “{worst.bin}” went from {worst.before:.1%} to {worst.after:.1%} of rows "
            f"(PSI {worst.psi:.2f})."
        )
    few = [window.label for window in windows if window.verdict == "insufficient_data"]
    notes = [Finding(level="warning", text=text) for text in told]
    if few and judged:
        notes.append(Finding(level="info", text=f"Too few rows for a verdict: {', '.join(few[:12])}."))
    return [Findings(findings=tuple(notes))] if notes else []


def _facts(windows: Sequence[WindowDrift], replayed: Sequence[Replayed], verdict: Verdict) -> Facts:
    requests = sum(part.counted.requests for part in replayed)
    errors = sum(part.counted.errors for part in replayed)
    drifted = sum(window.verdict == "drifted" for window in windows)
    p99 = _worst_p99(replayed)
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
                level=LEVELS[verdict],
            ),
        )
    )


def _worst_p99(replayed: Sequence[Replayed]) -> float:
    found = [latency_quantile(part.singles, 0.99) for part in replayed if part.singles.requests]
    return max((value for value in found if math.isfinite(value)), default=math.nan)


def _drift_blocks(
    windows: Sequence[WindowDrift],
    found: Sequence[Alarm],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
    section: MonitoringSection,
) -> list[Block]:
    judged = [window for window in windows if window.features]
    if not judged:
        return [Text(text="No window has rows enough to compare.")]
    ranked = _ranked(judged)
    blocks: list[Block] = []
    if len(judged) > 1:
        blocks.append(_heat(judged, ranked, section))
        blocks.append(_over_time(judged, ranked, section))
    else:
        blocks.append(_bars(judged[0], ranked, section))
    blocks += _comparisons(judged, ranked, found, counts, reference)
    blocks.append(_table(judged, ranked))
    return blocks


def _ranked(windows: Sequence[WindowDrift]) -> list[str]:
    """Return the features by their largest PSI, the prediction among them."""
    worst: dict[str, float] = {}
    for window in windows:
        for feature in window.features:
            worst[feature.feature] = max(worst.get(feature.feature, -math.inf), feature.psi)
    return sorted(worst, key=lambda name: -worst[name])


def _heat(windows: Sequence[WindowDrift], ranked: Sequence[str], section: MonitoringSection) -> Chart:
    shown = set(ranked[:SHOWN])
    order = {name: place for place, name in enumerate(ranked)}
    cells = [
        {"window": window.label, "feature": feature.feature, "psi": max(0.0, feature.psi)}
        for window in windows
        for feature in sorted(window.features, key=lambda feature: order[feature.feature])
        if feature.feature in shown
    ]
    more = f" Of {len(ranked)} features the {len(shown)} that moved most are shown." if len(ranked) > SHOWN else ""
    return draw.heatmap(
        "Drift per feature over time",
        cells,
        "window",
        "feature",
        "psi",
        value_title="PSI",
        high=max(0.3, 3 * section.psi),
        wide=True,
        caption=f"Population stability index against the training rows, its no-drift expectation taken off; "
        f"{section.psi:g} and above is large.{more}",
        alt=f"Heat map of drift; the features that moved most are {', '.join(ranked[:NAMED])}.",
    )


def _over_time(windows: Sequence[WindowDrift], ranked: Sequence[str], section: MonitoringSection) -> Chart:
    points = [
        {"window": window.label, "psi": max(feature.psi, 0.001), "feature": feature.feature}
        for name in ranked[:5]
        for window in windows
        for feature in window.features
        if feature.feature == name
    ]
    largest = max(feature.psi for window in windows for feature in window.features)
    return draw.lines(
        "The features that moved most",
        points,
        "window",
        "psi",
        "feature",
        y_title="PSI",
        y_log=largest > 20 * section.psi,
        marked=True,
        limits=[draw.Limit(value=section.psi, label=f"large: {section.psi:g}")],
        alt=f"PSI per window of {', '.join(ranked[:5])}, with the limit {section.psi:g}.",
    )


def _bars(window: WindowDrift, ranked: Sequence[str], section: MonitoringSection) -> Chart:
    by_name = {feature.feature: feature for feature in window.features}
    rows = [{"feature": name, "psi": max(0.0, by_name[name].psi)} for name in ranked[:SHOWN]]
    return draw.bars(
        "Drift per feature",
        rows,
        "feature",
        "psi",
        value_title="PSI",
        limits=[draw.Limit(value=section.psi, label=f"large: {section.psi:g}")],
        caption="Population stability index against the training rows, its no-drift expectation taken off.",
        alt=f"Bars of drift per feature; {ranked[0]} moved most.",
    )


def _comparisons(
    windows: Sequence[WindowDrift],
    ranked: Sequence[str],
    found: Sequence[Alarm],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
) -> list[Block]:
    """Draw the predictions and the features that moved most, bin by bin: training against the last window."""
    alarmed = [alarm.feature for alarm in found if alarm.feature != PREDICTION]
    names = (alarmed or [name for name in ranked if name != PREDICTION])[:COMPARED]
    last = windows[-1].label
    blocks: list[Block] = []
    for name in [PREDICTION, *names]:
        bins = reference.prediction if name == PREDICTION else reference.features.get(name)
        if bins is not None and name in counts[last]:
            title = "What is predicted" if name == PREDICTION else name
            blocks.append(_comparison(title, bins, counts[last][name], last))
    return blocks


def _comparison(title: str, bins: FeatureBins, now: Counts, label: str) -> Chart:
    kept = [place for place, _ in enumerate(bins.names) if bins.counts[place] or now[place]]
    shares = {"training": smoothed_shares(bins.counts), label: smoothed_shares(now)}
    rows = [
        {"bin": bins.names[place], "share": float(share[place]), "rows": series}
        for place in kept
        for series, share in shares.items()
    ]
    return draw.bars(
        title,
        rows,
        "bin",
        "share",
        "rows",
        value_title="share of rows",
        percent=True,
        alt=f"Shares per bin of {title}, in training and in {label}.",
    )


def _table(windows: Sequence[WindowDrift], ranked: Sequence[str]) -> Table:
    worst: dict[str, tuple[FeatureDrift, str, int]] = {}
    for window in windows:
        for feature in window.features:
            kept = worst.get(feature.feature)
            times = (kept[2] if kept else 0) + feature.drifted
            better = kept is None or feature.psi > kept[0].psi
            worst[feature.feature] = (feature, window.label, times) if better else (kept[0], kept[1], times)  # type: ignore[index]
    return Table(
        title="Every feature at its worst",
        columns=("feature", "window", "PSI", "bin that moved most", "in training", "in the window", "drifted windows"),
        rows=tuple(
            (name, label, round(f.psi, 4), f.bin, f"{f.before:.1%}", f"{f.after:.1%}", times)
            for name, (f, label, times) in ((name, worst[name]) for name in ranked)
        ),
        levels=tuple("warning" if worst[name][2] else None for name in ranked),
    )


def _traffic_blocks(replayed: Sequence[Replayed]) -> list[Block]:
    parts = [part for part in replayed if part.counted.requests]
    if not parts:
        return []
    rows = [
        {"window": part.label, "ms": latency_quantile(part.singles, q) * 1000, "of one row": name}
        for name, q in (("median", 0.5), ("95th percentile", 0.95), ("99th percentile", 0.99))
        for part in parts
        if part.singles.requests
    ]
    blocks: list[Block] = []
    if rows and len(parts) > 1:
        blocks.append(
            draw.lines(
                "Latency of one row",
                rows,
                "window",
                "ms",
                "of one row",
                y_title="ms",
                y_zero=True,
                marked=True,
                alt="Median, 95th and 99th percentile of the request time, per window.",
            )
        )
    blocks.append(_latency(parts))
    return blocks


def _latency(parts: Sequence[Replayed]) -> Chart:
    total: dict[float, float] = {}
    for part in parts:
        for bound, count in (part.singles.buckets or part.counted.buckets).items():
            total[bound] = total.get(bound, 0.0) + count
    rows, below = [], 0.0
    for bound in sorted(total):
        name = f"≤ {bound * 1000:g} ms" if math.isfinite(bound) else "longer"
        rows.append({"time": name, "requests": total[bound] - below})
        below = total[bound]
    used = [place for place, row in enumerate(rows) if row["requests"]]
    kept = rows[used[0] : used[-1] + 1] if used else rows
    return draw.bars(
        "Requests by time",
        kept,
        "time",
        "requests",
        value_title="requests",
        alt="Requests of one row by the time they took, as the predictor counted them.",
    )


def traffic_of(scrape: Scrape, label: str) -> Replayed:
    """Return what was counted until now as one window."""
    return Replayed(label, scrape, scrape)
