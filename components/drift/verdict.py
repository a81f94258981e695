"""The verdict on drift: whether the rows of a window are spread over a feature's bins as the training rows were.

A feature has drifted in a window if its move (see `drift.stability`) is *significant* (the chi-squared test at
`significance` over the number of features) **and** *large* (PSI of at least `psi`, or a share moved by `share`).
An alarm needs this in `windows_drifted` of `windows` windows. Fewer than `min_rows` rows give no verdict.

The recording rules for Prometheus (`drift.promql`) express the same in PromQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.stability import Counts, move_of, prediction_name
from sevenfold.plan.monitoring import MonitoringSection

__all__ = [
    "Alarm", "FeatureDrift", "Verdict", "WindowDrift", "alarms", "first_of_alarm", "overall", "window_drift",
]  # fmt: skip

Verdict = Literal["drifted", "stable", "insufficient_data"]


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """One feature in one window.

    `psi` has its expectation without drift subtracted and may be a little below 0; `evidence` is compared with the
    chi-squared `limit`; `bin` moved most, from the share `before` to the share `after`.
    `predicted` says that it is no feature but what the model predicted.
    """

    feature: str
    psi: float
    evidence: float
    limit: float
    bin: str
    before: float
    after: float
    drifted: bool
    predicted: bool = False


@dataclass(frozen=True, kw_only=True)
class WindowDrift:
    """One window: its rows and how each feature moved, the prediction last where there is one."""

    label: str
    rows: int
    verdict: Verdict
    features: tuple[FeatureDrift, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A feature that drifted in enough windows: the first of them, their number, and the worst."""

    feature: str
    since: str
    windows: int
    worst: FeatureDrift


def window_drift(
    label: str, counts: Mapping[str, Counts], reference: Reference, section: MonitoringSection
) -> WindowDrift:
    """Compare one window with the reference.

    Args:
        label: the name of the window.
        counts: rows per bin of each feature, in the order of its bin names, and of the predictions under
            their `prediction_name`; features that the reference does not know are ignored.
        reference: the bundle's.
        section: the limits.
    """
    known: dict[str, FeatureBins] = {name: bins for name, bins in reference.features.items() if name in counts}
    predictions = prediction_name(reference.features)
    rows = max((int(np.sum(counts[name])) for name in known), default=int(np.sum(counts.get(predictions, 0))))
    if rows < section.min_rows:
        return WindowDrift(label=label, rows=rows, verdict="insufficient_data")
    level = section.significance / max(1, len(reference.features))
    features = [_feature(name, counts[name], bins, level, section) for name, bins in known.items()]
    if reference.prediction is not None and predictions in counts:
        level = section.significance
        moved = _feature(predictions, counts[predictions], reference.prediction, level, section)
        features.append(replace(moved, predicted=True))
    verdict: Verdict = "drifted" if any(feature.drifted for feature in features) else "stable"
    return WindowDrift(label=label, rows=rows, verdict=verdict, features=tuple(features))


def alarms(windows: Sequence[WindowDrift], section: MonitoringSection) -> list[Alarm]:
    """Return the features that drifted in `windows_drifted` of `windows` windows in a row, the strongest first.

    Windows without a verdict do not count.
    """
    judged = [window for window in windows if window.verdict != "insufficient_data"]
    by_feature: dict[str, list[tuple[int, FeatureDrift]]] = {}
    for index, window in enumerate(judged):
        for feature in window.features:
            if feature.drifted:
                by_feature.setdefault(feature.feature, []).append((index, feature))
    raised = []
    for name, drifted in by_feature.items():
        start = first_of_alarm([index for index, _ in drifted], section)
        if start is not None:
            worst = max((feature for _, feature in drifted), key=lambda feature: feature.psi)
            raised.append(Alarm(feature=name, since=judged[start].label, windows=len(drifted), worst=worst))
    return sorted(raised, key=lambda alarm: -alarm.worst.psi)


def overall(windows: Sequence[WindowDrift], section: MonitoringSection) -> Verdict:
    """Return the verdict on all windows: drifted if there is an alarm, insufficient_data if none can be judged."""
    if all(window.verdict == "insufficient_data" for window in windows):
        return "insufficient_data"
    return "drifted" if alarms(windows, section) else "stable"


def first_of_alarm(drifted: Sequence[int], section: MonitoringSection) -> int | None:
    """Return the index of the first drifted window that begins a run with k drifted windows in n; None for no alarm."""
    need = section.windows_drifted
    for i in range(len(drifted) - need + 1):
        if drifted[i + need - 1] - drifted[i] < section.windows:
            return drifted[i]
    return None


def _feature(name: str, counts: Counts, bins: FeatureBins, level: float, section: MonitoringSection) -> FeatureDrift:
    move = move_of(counts, bins.counts, significance=level)
    enough = float(np.sum(counts)) >= section.min_rows
    return FeatureDrift(
        feature=name,
        psi=move.psi,
        evidence=move.evidence,
        limit=move.limit,
        bin=bins.names[move.bin],
        before=move.before,
        after=move.after,
        drifted=enough and move.significant and move.large(psi=section.psi, share=section.share),
    )
