"""The exact increase of counters since a moment, from Prometheus's raw samples.

PromQL's `increase()` extrapolates to the ends of its window, so 200 requests may read 211; a decision on 200 counted
requests must not. Here every request counts once: from the last sample at or before the moment to the newest, across
restarts, over all pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sevenfold.drift import telemetry
from sevenfold.drift.prometheus import Series

__all__ = ["LOOKBACK_SECONDS", "last_values", "pods_since", "rise", "summed_rises"]

LOOKBACK_SECONDS = 300.0  # as long as Prometheus itself treats a sample as current


def rise(samples: Sequence[tuple[float, float]], since: float) -> float:
    """Return the increase of one counter after `since`.

    It is measured from the last sample at or before `since`; a series without one began later, at 0. A sample below
    the one before it means a restart, so all of its value was counted since.

    >>> rise([(0, 5), (10, 7), (20, 9), (30, 1)], since=10)
    3.0
    """
    total, before = 0.0, 0.0
    for moment, value in samples:
        if moment > since:
            total += value - before if value >= before else value
        before = value
    return total


def pods_since(many: Iterable[Series], since: float) -> set[str]:
    """Return the pods (instances, where Prometheus names no pods) with a sample after `since`."""
    return {_pod(series) for series in many if series.samples[-1][0] > since}


def summed_rises(many: Iterable[Series], since: float) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the increase of counters over all pods: by name, then by the values of the counter's own labels.

    The keys are those of `drift.counters.Samples`. A pod that two jobs scrape counts once, by the job that saw more.
    """
    by_pod: dict[tuple[str, tuple[str, ...], str], dict[str, float]] = {}
    for series in many:
        jobs = by_pod.setdefault((*_key(series), _pod(series)), {})
        job = series.labels.get("job", "")
        jobs[job] = jobs.get(job, 0.0) + rise(series.samples, since)
    total: dict[str, dict[tuple[str, ...], float]] = {}
    for (name, labels, _), jobs in by_pod.items():
        of_name = total.setdefault(name, {})
        of_name[labels] = of_name.get(labels, 0.0) + max(jobs.values())
    return total


def last_values(many: Iterable[Series]) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the last value of gauges that are equal on all pods, keyed as in `summed_rises`."""
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for series in many:
        name, labels = _key(series)
        values.setdefault(name, {})[labels] = series.value
    return values


_OWN = frozenset({name for metric in telemetry.METRICS for name in metric.own_labels} | {"le"})


def _key(series: Series) -> tuple[str, tuple[str, ...]]:
    # A scrape configuration adds labels, such as the node, that say nothing about what was counted.
    own = tuple(value for name, value in sorted(series.labels.items()) if name in _OWN)
    return series.labels.get("__name__", ""), own


def _pod(series: Series) -> str:
    return series.labels.get("pod") or series.labels.get("instance", "")
