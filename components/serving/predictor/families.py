"""Series of one metric, as prometheus_client writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.drift.telemetry import Metric

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

__all__ = ["many", "one"]


def one(metric: Metric, labels: list[str], value: float) -> Family:
    """Return a metric with one series."""
    return many(metric, [(labels, value)])


def many(metric: Metric, rows: Sequence[tuple[list[str], Any]]) -> Family:
    """Return a metric with a series per row: its label values, in the order of `metric.labels`, and its value."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name.removesuffix("_total"), metric.help, labels=metric.labels)
    for labels, value in rows:
        family.add_metric(labels, value)
    return family
