"""What Cloud Monitoring counted of one deployed model: requests by class of status, and the time of its container."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.drift.increase import LOOKBACK_SECONDS, rise
from sevenfold.serving.cloud_metrics.google import FEATURE_BINS, PREDICTION_BINS, label_value
from sevenfold.serving.observed import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.drift.stability import Counts
    from sevenfold.pipelines.endpoint.protocol import Bins
    from sevenfold.pipelines.vertex.service import Service

__all__ = ["count", "count_features", "count_predictions"]

ONLINE: Final = "aiplatform.googleapis.com/prediction/online"
RESPONSES: Final = f"{ONLINE}/response_count"
LATENCIES: Final = f"{ONLINE}/prediction_latencies"
MINUTE: Final = 60


def count(service: Service, endpoint: str, deployed: str, bundle: str, since: float, until: float) -> Side:
    """Return the counts of a deployed model between two moments, in seconds since the epoch.

    Vertex AI counts by class of status (`2xx`): a request with `4xx` counts as refused. The 99th percentile is that of
    the time in the container, in milliseconds, as our own predictor measures it. A minute late is usual, three are not
    rare.

    Raises:
        PolicyError, TemporaryError: as `Service.series`.
    """
    span = max(MINUTE, math.ceil((until - since) / MINUTE) * MINUTE)
    interval = {"interval.startTime": _moment(since), "interval.endTime": _moment(until)}
    chosen = f'resource.labels.endpoint_id="{endpoint}" AND metric.labels.deployed_model_id="{deployed}"'
    codes = dict[str, int]()
    for series in service.series({"filter": f'metric.type="{RESPONSES}" AND {chosen}', **interval}):
        code = str(series["metric"]["labels"].get("response_code", ""))[:1]
        codes[code] = codes.get(code, 0) + sum(_whole(point) for point in series.get("points", []))
    percentile = {
        "aggregation.alignmentPeriod": f"{span}s",
        "aggregation.perSeriesAligner": "ALIGN_PERCENTILE_99",
        "filter": f'metric.type="{LATENCIES}" AND {chosen} AND metric.labels.latency_type="model"',
        **interval,
    }
    slowest = [
        float(point["value"]["doubleValue"])
        for series in service.series(percentile)
        for point in series.get("points", [])
    ]
    return Side(
        bundle=bundle,
        pods=1,
        answered=codes.get("2", 0) + codes.get("5", 0),
        errors=codes.get("5", 0),
        refused=codes.get("4", 0),
        latency_p99_ms=round(max(slowest), 3) if slowest else None,
    )


def count_predictions(
    service: Service, endpoint: str, bundle: str, bins: Sequence[str], since: float, until: float
) -> dict[str, int]:
    """Return the rows per bin that a bundle predicted between two moments, by the counters of all its replicas.

    Bins that nobody counted have 0. A replica's counters are read from five minutes before, so that what it counted
    until then is left out.

    Raises:
        PolicyError, TemporaryError: as `Service.series`.
    """
    query = _written(PREDICTION_BINS, endpoint, bundle, since, until)
    rows, named = dict.fromkeys(bins, 0), {label_value(name): name for name in bins}
    for series in service.series(query):
        name = named.get(series["metric"]["labels"].get("bin", ""))
        if name is not None:
            rows[name] += _rise(series, since)
    return rows


def count_features(
    service: Service, endpoint: str, bundle: str, bins: Bins, since: float, until: float
) -> dict[str, Counts]:
    """Return the rows per bin of each feature that all replicas of a bundle saw between two moments.

    Raises:
        PolicyError, TemporaryError: as `Service.series`.
    """
    rows = {feature: np.zeros(len(names)) for feature, names in bins.items()}
    places = {
        (label_value(feature), label_value(name)): (feature, index)
        for feature, names in bins.items()
        for index, name in enumerate(names)
    }
    for series in service.series(_written(FEATURE_BINS, endpoint, bundle, since, until)):
        labels = series["metric"]["labels"]
        place = places.get((labels.get("feature", ""), labels.get("bin", "")))
        if place is not None:
            rows[place[0]][place[1]] += _rise(series, since)
    return dict(rows)


def _written(metric: str, endpoint: str, bundle: str, since: float, until: float) -> dict[str, str]:
    chosen = f'resource.labels.job="{endpoint}" AND metric.labels.bundle="{bundle}"'
    return {
        "filter": f'metric.type="{metric}" AND {chosen}',
        "interval.startTime": _moment(since - LOOKBACK_SECONDS),
        "interval.endTime": _moment(until),
    }


def _rise(series: Mapping[str, Any], since: float) -> int:
    samples = sorted((_seconds(point), float(_whole(point))) for point in series.get("points", []))
    return round(rise(samples, since))


def _seconds(point: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(point["interval"]["endTime"]).timestamp()


def _whole(point: Mapping[str, Any]) -> int:
    return int(point["value"].get("int64Value", 0))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
