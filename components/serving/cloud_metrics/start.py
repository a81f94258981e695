"""The sender of figures that the variable of a container asks for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sevenfold.runtime.environment import metadata_server
from sevenfold.serving.cloud_metrics.embedded import EmbeddedMetrics
from sevenfold.serving.cloud_metrics.google import CloudMonitoring
from sevenfold.serving.cloud_metrics.sender import MetricsSender, Sink
from sevenfold.serving.cloud_metrics.settings import MetricsSettings, read_settings

if TYPE_CHECKING:
    from sevenfold.serving.predictor.meter import Meter

__all__ = ["sender_of"]


def sender_of(variable: str) -> Callable[[Meter], MetricsSender]:
    """Return a function that makes the sender of a predictor's figures.

    Args:
        variable: as `MetricsSettings.to_variable` wrote it.

    Raises:
        PolicyError: ``bad_metrics``.
    """
    settings = read_settings(variable)
    return lambda meter: MetricsSender(
        meter, _sink(settings), settings.monitoring, interval_seconds=settings.interval_seconds
    )


def _sink(settings: MetricsSettings) -> Sink:
    if settings.to == "cloudwatch":
        return EmbeddedMetrics(settings.endpoint, sys.stdout)
    return CloudMonitoring(settings, metadata_server(), time.time())
