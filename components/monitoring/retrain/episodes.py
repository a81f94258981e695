"""Episodes of drift: since when each feature has drifted without a break, as an alert keeps the moment it began."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.drift.verdict import WindowDrift
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["drifting_since"]


def drifting_since(windows: Sequence[WindowDrift], section: MonitoringSection) -> dict[str, str]:
    """Return the features that drift now, each with the label of the window that raised its alarm.

    A feature drifts at a window where `windows_drifted` of the last `windows` windows drifted. One that goes on
    drifting keeps its first window, so that it stays one cause; one that stopped and began again is another. Windows
    without a verdict do not count.

    Args:
        windows: in time order.
        section: the limits.
    """
    judged = [window for window in windows if window.verdict != "insufficient_data"]
    since: dict[str, str] = {}
    for end, window in enumerate(judged, start=1):
        recent = judged[max(0, end - section.windows) : end]
        drifted = [feature.feature for one in recent for feature in one.features if feature.drifted]
        active = {name for name in drifted if drifted.count(name) >= section.windows_drifted}
        since = {name: since.get(name, window.label) for name in sorted(active)}
    return since
