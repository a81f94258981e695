"""Drift of one predictor, window by window, by the formula and the limits of the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sevenfold.drift.counters import bin_counts, since
from sevenfold.drift.verdict import WindowDrift, window_drift

if TYPE_CHECKING:
    from sevenfold.plan.monitoring import MonitoringSection
    from sevenfold.serving.cloud_metrics.figures import Figures

__all__ = ["DriftWindows"]

MINUTE = 60.0


class DriftWindows:
    """Cuts the time of a predictor into windows of `window_minutes`; each begins where the one before it ends.

    Args:
        section: length of a window, and limits.
        start: when the first begins, in seconds since the epoch.
    """

    def __init__(self, section: MonitoringSection, start: float) -> None:
        self._section, self._start = section, start
        self._before: Figures | None = None

    def ended(self, figures: Figures) -> WindowDrift | None:
        """Return the drift of the window that ends with these figures; None while it goes on."""
        if figures.moment - self._start < self._section.window_minutes * MINUTE:
            return None
        counted = since(self._before.scrape if self._before else None, figures.scrape)
        label = datetime.fromtimestamp(self._start, UTC).isoformat(timespec="seconds")
        self._start, self._before = figures.moment, figures
        return window_drift(label, bin_counts(counted, figures.reference), figures.reference, self._section)
