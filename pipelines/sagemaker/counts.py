"""What CloudWatch counted of one production variant: requests, refusals, errors, and the time of its container."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import TemporaryError
from sevenfold.serving.cloud_metrics.embedded import NAMESPACE, PREDICTED_ROWS, dimension
from sevenfold.serving.observed import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.pipelines.sagemaker.service import SageMaker

__all__ = ["count", "count_predictions"]

MOST_QUERIES: Final = 500  # of one call
MINUTE: Final = 60
# By id of the question: the metric and the statistic of it.
ASKED: Final = {
    "requests": ("Invocations", "Sum"),
    "refused": ("Invocation4XXErrors", "Sum"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "slowest": ("ModelLatency", "p99"),  # in microseconds
}


def count(service: SageMaker, endpoint: str, bundle: str, since: float, until: float) -> Side:
    """Return the counts of a bundle's variant between two moments, in seconds since the epoch.

    CloudWatch counts whole minutes: the first one begins before `since`. A request that was answered with a 4xx counts
    as refused. Where the time spans two periods of the 99th percentile, the larger one counts.

    Raises:
        PolicyError: what AWS refuses.
        TemporaryError: ``metrics_incomplete``, and where AWS does not answer.
    """
    start, end = _minutes(since, until)
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": f"v-{bundle}"}]
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions},
                "Period": end - start,
                "Stat": statistic,
            },
        }
        for name, (metric, statistic) in ASKED.items()
    ]
    values = _values(service, queries, start, end)
    refused, errors = _sum(values, "refused"), _sum(values, "errors")
    slowest: list[Any] = values.get("slowest", [])
    return Side(
        bundle=bundle,
        pods=1,
        answered=max(0, _sum(values, "requests") - refused),
        errors=errors,
        refused=refused,
        latency_p99_ms=round(max(slowest) / 1000, 3) if slowest else None,
    )


def count_predictions(
    service: SageMaker, endpoint: str, bundle: str, bins: Sequence[str], since: float, until: float
) -> dict[str, int]:
    """Return the rows per bin that a bundle predicted between two moments, by what its containers printed.

    Bins are counted in whole minutes, as everything in CloudWatch; one that nobody counted has 0.

    Raises:
        PolicyError, TemporaryError: as `count`.
    """
    start, end = _minutes(since, until)
    asked = [
        {
            "Id": f"bin{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": PREDICTED_ROWS,
                    "Dimensions": [
                        {"Name": "Endpoint", "Value": endpoint},
                        {"Name": "Bundle", "Value": bundle},
                        {"Name": "Bin", "Value": dimension(name)},
                    ],
                },
                "Period": end - start,
                "Stat": "Sum",
            },
        }
        for index, name in enumerate(bins)
    ]
    found: dict[str, list[float]] = {}
    for first in range(0, len(asked), MOST_QUERIES):
        found |= _values(service, asked[first : first + MOST_QUERIES], start, end)
    return {name: _sum(found, f"bin{index}") for index, name in enumerate(bins)}


def _minutes(since: float, until: float) -> tuple[int, int]:
    start = math.floor(since / MINUTE) * MINUTE
    return start, max(math.ceil(until / MINUTE) * MINUTE, start + MINUTE)


def _values(service: SageMaker, queries: list[dict[str, Any]], start: int, end: int) -> dict[str, list[float]]:
    answer = service.asked(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
    )
    if any(one["StatusCode"] not in ("Complete", "PartialData") for one in answer["MetricDataResults"]):
        raise TemporaryError("metrics_incomplete", "CloudWatch must give the metrics of the endpoint, but does not.")
    return {one["Id"]: list(one["Values"]) for one in answer["MetricDataResults"]}


def _sum(values: dict[str, list[float]], name: str) -> int:
    return round(sum(values.get(name, [])))
