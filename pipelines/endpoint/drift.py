"""Drift of what an endpoint serves, over all its replicas: their counts added, then judged once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.drift.stability import prediction_name
from sevenfold.drift.telemetry import bundle_label
from sevenfold.drift.verdict import window_drift
from sevenfold.report.quantity import quantity

if TYPE_CHECKING:
    from sevenfold.contracts.reference import Reference
    from sevenfold.drift.verdict import FeatureDrift, WindowDrift
    from sevenfold.pipelines.endpoint.protocol import CloudEndpoint
    from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["drift_lines", "last_window"]


def last_window(
    endpoint: CloudEndpoint,
    digest: str,
    reference: Reference,
    section: MonitoringSection,
    now: Callable[[], float] = time.time,
) -> WindowDrift | None:
    """Return the drift of the last `window_minutes`, by the counts of all replicas; None where they send no figures.

    Counts of bins add up, over replicas and over what came before a restart, so this is what one predictor would say
    that had answered every request. The clouds know the last minute or two a little later.

    Args:
        endpoint: serves the bundle.
        digest: the bundle's.
        reference: the bundle's.
        section: length of the window, and limits.
        now: seconds since the epoch.

    Raises:
        PolicyError, TemporaryError: the counts cannot be read.
    """
    label, since = bundle_label(digest), now() - section.window_minutes * 60
    counts = endpoint.features(label, since, {name: bins.names for name, bins in reference.features.items()})
    if counts is None:
        return None
    if reference.prediction is not None:
        names = reference.prediction.names
        predicted = endpoint.predictions(label, since, names) or {}
        counts[prediction_name(reference.features)] = np.array([float(predicted.get(name, 0)) for name in names])
    return window_drift(f"the last {quantity(section.window_minutes, 'minute')}", counts, reference, section)


def drift_lines(read: Callable[[], WindowDrift | None], min_rows: int) -> list[str]:
    """Return what a person reads of a window: its verdict, then a line for each that drifted, the farthest first."""
    try:
        window = read()
    except SevenfoldError as error:
        return [f"drift     is not known: {error.message} {error.remedy}".rstrip()]
    if window is None:
        return ["drift     is not counted: serving.metrics is false"]
    rows = f"{quantity(window.rows, 'row')} of {window.label}, over all replicas"
    if not window.rows:
        return [f"drift     no verdict: {rows}; if there were requests, let sevenfold doctor see who lacks which right"]
    if window.verdict == "insufficient_data":
        return [f"drift     no verdict: {rows}, and it takes {min_rows:,}"]
    drifted = sorted((one for one in window.features if one.drifted), key=lambda one: -one.psi)
    return [f"drift     {window.verdict}: {rows}", *map(_line, drifted)]


def _line(one: FeatureDrift) -> str:
    moved = f"bin {one.bin!r} from {one.before:.1%} to {one.after:.1%}"
    return f"          {one.feature}  PSI {one.psi:.3f}, {moved}"
