"""Drift: whether the rows of a window are spread over a feature's bins as the training rows were.

The population stability index (PSI) of shares q against reference shares p is the sum over bins of (q - p) ln(q / p),
both smoothed by half a row per bin. Without drift, PSI / (1/n + 1/n_ref) follows about a chi-squared distribution
with B - 1 degrees of freedom (Yurdakul, *Statistical Properties of the Population Stability Index*, 2018,
https://scholarworks.wmich.edu/dissertations/3208), so its expectation, (B - 1)(1/n + 1/n_ref), is taken off what is
reported. A feature has drifted in a window if the move is *significant* (the chi-squared test at
`significance` over the number of features) **and** *large* (PSI of at least `psi`, or a share moved by `share`).
An alarm needs this in `windows_drifted` of `windows` windows. Fewer than `min_rows` rows give no verdict.

The rules for Prometheus (`rules.py`) say the same in PromQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sevenfold.contracts.bins import FeatureBins, Reference
from sevenfold.contracts.chi_squared import chi_squared_quantile
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["PREDICTION", "SMOOTHING", "Alarm", "FeatureDrift", "Verdict", "WindowDrift", "alarms", "overall"]
__all__ += ["expected_index", "smoothed_shares", "stability_index", "window_drift"]

SMOOTHING: Final = 0.5  # rows added to every bin, so that an empty one has a logarithm
PREDICTION: Final = "prediction"  # what the model says, beside the features
Verdict = Literal["drifted", "stable", "insufficient_data"]
Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """One feature in one window.

    `psi` has its no-drift expectation taken off and may be a little below 0; `evidence` is compared with the
    chi-squared `limit`; `bin` moved most, from the share `before` to the share `after`.
    """

    feature: str
    psi: float
    evidence: float
    limit: float
    bin: str
    before: float
    after: float
    drifted: bool


@dataclass(frozen=True, kw_only=True)
class WindowDrift:
    """One window: its rows and, per feature (the prediction last, where there is one), how it moved."""

    label: str
    rows: int
    verdict: Verdict
    features: tuple[FeatureDrift, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A feature that drifted in enough windows: the first of them, how many, and its worst."""

    feature: str
    since: str
    windows: int
    worst: FeatureDrift


def smoothed_shares(counts: ArrayLike) -> NDArray[np.float64]:
    """Return the share of each bin, the last axis, with half a row added to every bin."""
    raised = np.asarray(counts, dtype=np.float64) + SMOOTHING
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def stability_index(counts: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Return the smoothed PSI along the last axis, its no-drift expectation still in it.

    >>> round(float(stability_index([50, 50], [50, 50])), 6)
    0.0
    """
    now, before = smoothed_shares(counts), smoothed_shares(reference)
    index: NDArray[np.float64] = ((now - before) * np.log(now / before)).sum(axis=-1)
    return index


def expected_index(bins: int, rows: float, reference_rows: float) -> float:
    """Return the PSI to be expected without any drift, (B - 1)(1/n + 1/n_ref)."""
    return (bins - 1) * (1 / rows + 1 / reference_rows)


def window_drift(
    label: str, counts: Mapping[str, Counts], reference: Reference, section: MonitoringSection
) -> WindowDrift:
    """Compare one window with the reference.

    Args:
        label: what the window is called.
        counts: rows per bin of each feature, in the order of its bin names, and of `PREDICTION`; a feature that the
            reference does not know is not looked at.
        reference: the bundle's.
        section: limits.
    """
    known: dict[str, FeatureBins] = {name: bins for name, bins in reference.features.items() if name in counts}
    rows = max((int(np.sum(counts[name])) for name in known), default=int(np.sum(counts.get(PREDICTION, 0))))
    if rows < section.min_rows:
        return WindowDrift(label=label, rows=rows, verdict="insufficient_data")
    level = section.significance / max(1, len(reference.features))
    found = [_feature(name, counts[name], bins, level, section) for name, bins in known.items()]
    if reference.prediction is not None and PREDICTION in counts:
        found.append(_feature(PREDICTION, counts[PREDICTION], reference.prediction, section.significance, section))
    verdict: Verdict = "drifted" if any(feature.drifted for feature in found) else "stable"
    return WindowDrift(label=label, rows=rows, verdict=verdict, features=tuple(found))


def alarms(windows: Sequence[WindowDrift], section: MonitoringSection) -> list[Alarm]:
    """Return the features that drifted in `windows_drifted` of `windows` windows in a row, the strongest first.

    Windows without a verdict do not count.
    """
    judged = [window for window in windows if window.verdict != "insufficient_data"]
    by_feature: dict[str, list[tuple[int, FeatureDrift]]] = {}
    for place, window in enumerate(judged):
        for feature in window.features:
            if feature.drifted:
                by_feature.setdefault(feature.feature, []).append((place, feature))
    found = []
    for name, drifted in by_feature.items():
        start = _start([place for place, _ in drifted], section)
        if start is not None:
            worst = max((feature for _, feature in drifted), key=lambda feature: feature.psi)
            found.append(Alarm(feature=name, since=judged[start].label, windows=len(drifted), worst=worst))
    return sorted(found, key=lambda alarm: -alarm.worst.psi)


def overall(windows: Sequence[WindowDrift], section: MonitoringSection) -> Verdict:
    """Return what all windows say together: drifted with an alarm, insufficient_data where none can be judged."""
    if all(window.verdict == "insufficient_data" for window in windows):
        return "insufficient_data"
    return "drifted" if alarms(windows, section) else "stable"


def _start(places: Sequence[int], section: MonitoringSection) -> int | None:
    """Return the first drifted place from which on the rule of k in n holds."""
    need = section.windows_drifted
    for i in range(len(places) - need + 1):
        if places[i + need - 1] - places[i] < section.windows:
            return places[i]
    return None


def _feature(name: str, counts: Counts, bins: FeatureBins, level: float, section: MonitoringSection) -> FeatureDrift:
    rows, before = float(np.sum(counts)), np.array(bins.counts, dtype=np.float64)
    index = float(stability_index(counts, before))
    degrees = max(1, len(bins.names) - 1)
    noise = 1 / max(rows, 1.0) + 1 / max(float(before.sum()), 1.0)
    was, now = smoothed_shares(before), smoothed_shares(counts)
    moved = int(np.argmax(np.abs(now - was)))
    limit = chi_squared_quantile(1 - level, degrees)
    psi = index - degrees * noise
    large = psi >= section.psi or abs(float(now[moved] - was[moved])) >= section.share
    return FeatureDrift(
        feature=name,
        psi=psi,
        evidence=index / noise,
        limit=limit,
        bin=bins.names[moved],
        before=float(was[moved]),
        after=float(now[moved]),
        drifted=bool(rows >= section.min_rows and index / noise > limit and large),
    )
