"""Every dashboard by the name of its file."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.monitoring.dashboards.canary import canary
from sevenfold.monitoring.dashboards.document import document
from sevenfold.monitoring.dashboards.fleet import fleet
from sevenfold.monitoring.dashboards.loop import loop
from sevenfold.monitoring.dashboards.one_feature import one_feature
from sevenfold.monitoring.dashboards.one_model import one_model
from sevenfold.monitoring.dashboards.panel import Board

__all__ = ["DASHBOARDS", "boards", "dashboards"]

DASHBOARDS: Final = ("fleet", "model", "feature", "canary", "loop")


def boards(name: str = "") -> dict[str, Board]:
    """Return the dashboards as data, by name; they open on the model `name`, or on all models for ""."""
    made = (fleet(), one_model(name), one_feature(name), canary(name), loop(name))
    return dict(zip(DASHBOARDS, made, strict=True))


def dashboards(name: str = "") -> dict[str, dict[str, Any]]:
    """Return the same as Grafana reads them: import each, or mount them where the dashboard sidecar looks."""
    return {key: document(board) for key, board in boards(name).items()}
