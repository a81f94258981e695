"""The choices at the top of the dashboards: namespace, model, feature and version."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.monitoring.dashboards.panel import Variable
from sevenfold.monitoring.dashboards.queries import CHOSEN

__all__ = ["FEATURE", "NAMESPACE", "model", "one_model"]

NAMESPACE: Final = Variable(name="namespace", title="Namespace", query=f"label_values({telemetry.READY}, namespace)")
FEATURE: Final = Variable(
    name="feature",
    title="Feature",
    query=f"label_values({telemetry.FEATURE_BINS}{{{CHOSEN}}}, feature)",
    every=False,
)
_MODELS: Final = f'label_values({telemetry.READY}{{namespace=~"$namespace"}}, model)'


def model(name: str) -> Variable:
    """Return the choice of any models; the dashboard opens on `name`, or on all for ""."""
    return Variable(name="model", title="Model", query=_MODELS, chosen=name)


def one_model(name: str) -> Variable:
    """Return the choice of one model; the dashboard opens on `name`, or on the first for ""."""
    return Variable(name="model", title="Model", query=_MODELS, chosen=name, every=False)
