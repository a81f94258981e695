"""Cloud Monitoring on this machine: time series by the protocol types of Google's own client, as they were written.

It refuses what the service refuses: too many series, several points of one, a time that does not go on, a counter
without a start, labels that the monitored resource does not have, another kind than the metric had before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cloud_storage import error
from google.cloud.monitoring_v3 import types

RESOURCE = {"project_id", "location", "namespace", "job", "task_id"}
CUMULATIVE, GAUGE = 3, 1
Answer = tuple[int, Any]


class WrittenSeries:
    """The series of one project; `forbidden` is the status that writing is answered with."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str]]], list[Any]] = {}
        self.kinds: dict[str, tuple[int, int]] = {}
        self.calls = 0
        self.forbidden = 0
        self.refused = 0  # calls
        self.unreadable = False
        self.before_reading: list[Callable[[], None]] = []  # what containers do until somebody reads

    def write(self, project: str, body: bytes) -> Answer:
        """Answer as timeSeries.create does: a wrong series is named, the right ones are written."""
        if self.forbidden:
            self.refused += 1
            words = {403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}[self.forbidden]
            refused = f"Permission monitoring.timeSeries.create denied (or the resource may not exist): {project}."
            return self.forbidden, error(self.forbidden, words, refused)
        self.calls += 1
        asked = types.CreateTimeSeriesRequest.from_json(body)  # a field that the protocol does not have raises
        if not 0 < len(asked.time_series) <= 200:
            return 400, error(400, "INVALID_ARGUMENT", f"{len(asked.time_series)} series, and at most 200.")
        faults = list(filter(None, map(self._fault, asked.time_series)))
        if faults:
            return 400, error(400, "INVALID_ARGUMENT", f"One or more TimeSeries could not be written: {faults[0]}")
        for one in asked.time_series:
            self.kinds[one.metric.type] = (int(one.metric_kind), int(one.value_type))
            self.points.setdefault(_key(one), []).append(one)
        return 200, {}

    def read(self, query: dict[str, str]) -> Answer:
        """Answer as timeSeries.list does: the newest point first, in the interval that was asked for."""
        if self.unreadable:
            return 403, error(403, "PERMISSION_DENIED", "Permission monitoring.timeSeries.list denied.")
        while self.before_reading:
            self.before_reading.pop(0)()
        asked = dict(re.findall(r'([a-z_.]+)="([^"]*)"', query["filter"]))
        found = []
        for series in self.points.values():
            first = series[0]
            known = {"metric.type": first.metric.type}
            known |= {f"metric.labels.{name}": value for name, value in first.metric.labels.items()}
            known |= {f"resource.labels.{name}": value for name, value in first.resource.labels.items()}
            if any(known.get(name) != value for name, value in asked.items()):
                continue
            within = [one for one in reversed(series) if _within(one, query)]
            if within:
                made = json.loads(types.TimeSeries.to_json(first, use_integers_for_enums=False))
                made["points"] = [
                    json.loads(types.TimeSeries.to_json(one, use_integers_for_enums=False))["points"][0]
                    for one in within
                ]
                found.append(made)
        return 200, {"timeSeries": found}

    def last(self, metric: str) -> dict[frozenset[tuple[str, str]], Any]:
        """Return the last value of every series of a metric by its labels."""
        kind = f"custom.googleapis.com/sevenfold/{metric}"
        return {key[1]: series[-1].points[0].value for key, series in self.points.items() if key[0] == kind}

    def _fault(self, one: Any) -> str:
        if set(one.resource.labels) != RESOURCE or one.resource.type != "generic_task":
            return f"resource {one.resource.type} {dict(one.resource.labels)}"
        if len(one.points) != 1 or not re.fullmatch(r"custom\.googleapis\.com/[a-z_/]+", one.metric.type):
            return f"{one.metric.type} with {len(one.points)} points"
        kind = (int(one.metric_kind), int(one.value_type))
        if self.kinds.get(one.metric.type, kind) != kind:
            return f"{one.metric.type} was of another kind"
        interval = one.points[0].interval
        before = self.points.get(_key(one), [])
        if before and interval.end_time <= before[-1].points[0].interval.end_time:
            return f"{one.metric.type}: points must be in order"
        started = "start_time" in interval and interval.start_time < interval.end_time
        if kind[0] == CUMULATIVE and not started:
            return f"{one.metric.type}: a counter has a start before its end"
        if kind[0] == GAUGE and "start_time" in interval:
            return f"{one.metric.type}: a gauge has no start"
        if any(not value or len(value.encode()) > 1_024 for value in one.metric.labels.values()):
            return f"{one.metric.type}: a label is empty or too long"
        value = one.points[0].value
        if "distribution_value" in value:
            counted = value.distribution_value
            bounds = counted.bucket_options.explicit_buckets.bounds
            if sum(counted.bucket_counts) != counted.count or len(counted.bucket_counts) > len(bounds) + 1:
                return f"{one.metric.type}: the buckets do not hold all"
        return ""


def _key(one: Any) -> tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    return one.metric.type, frozenset(one.metric.labels.items()), frozenset(one.resource.labels.items())


def _within(one: Any, query: dict[str, str]) -> bool:
    start, end = (datetime.fromisoformat(query[f"interval.{edge}"]) for edge in ("startTime", "endTime"))
    return start <= one.points[0].interval.end_time <= end + timedelta(seconds=1)  # our clock may be a little late
