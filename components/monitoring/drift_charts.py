"""Charts of drift: per feature over time, and bin by bin for the features that moved most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.stability import Counts, prediction_name, smoothed_shares
from sevenfold.drift.verdict import Alarm, FeatureDrift, WindowDrift
from sevenfold.monitoring.feature_chart import feature_chart
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Chart, Table, Text
from sevenfold.report import charts as draw
from sevenfold.report.model import Block

__all__ = ["drift_blocks"]

SHOWN = 24  # features of the heat map: the ones that moved most
COMPARED = 4  # features drawn bin by bin
FOLLOWED = 2  # features drawn bin by bin over all windows
NAMED = 3  # features named in the text for screen readers


def drift_blocks(
    windows: Sequence[WindowDrift],
    raised: Sequence[Alarm],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
    section: MonitoringSection,
) -> list[Block]:
    """Return charts and a table of the windows that have a verdict, the features that moved most first."""
    judged = [window for window in windows if window.features]
    if not judged:
        return [Text(text="No window has enough rows to compare.")]
    ranked = _ranked(judged)
    blocks: list[Block] = []
    if len(judged) > 1:
        blocks.append(_heat(judged, ranked, section))
        blocks.append(_over_time(judged, ranked, section))
    else:
        blocks.append(_bars(judged[0], ranked, section))
    blocks += _comparisons(judged, ranked, raised, counts, reference)
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
    order = {name: rank for rank, name in enumerate(ranked)}
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
        caption=f"Population stability index against the training rows, its expectation without drift subtracted; "
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
        caption="Population stability index against the training rows, its expectation without drift subtracted.",
        alt=f"Bars of drift per feature; {ranked[0]} moved most.",
    )


def _comparisons(
    windows: Sequence[WindowDrift],
    ranked: Sequence[str],
    raised: Sequence[Alarm],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
) -> list[Block]:
    """Draw the predictions and what moved most, bin by bin: training against the last window, and over all windows."""
    predictions = prediction_name(reference.features)
    alarmed = [alarm.feature for alarm in raised if not alarm.worst.predicted]
    names = (alarmed or [name for name in ranked if name != predictions])[:COMPARED]
    last = windows[-1].label
    blocks: list[Block] = []
    for name in [predictions, *names]:
        bins = reference.prediction if name == predictions else reference.features.get(name)
        if bins is not None and name in counts[last]:
            title = "What is predicted" if name == predictions else name
            blocks.append(_comparison(title, bins, counts[last][name], last))
    if len(windows) > 1:
        labels = [window.label for window in windows]
        followed = [(name, reference.features[name]) for name in names[:FOLLOWED] if name in reference.features]
        blocks += [feature_chart(name, bins, labels, counts) for name, bins in followed]
    return blocks


def _comparison(title: str, bins: FeatureBins, now: Counts, label: str) -> Chart:
    kept = [index for index, _ in enumerate(bins.names) if bins.counts[index] or now[index]]
    shares = {"training": smoothed_shares(bins.counts), label: smoothed_shares(now)}
    rows = [
        {"bin": bins.names[index], "share": float(share[index]), "rows": series}
        for index in kept
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
        stacked=True,
    )
