"""What CloudWatch counted of one production variant: requests, refusals, errors, and the time of its container."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import TemporaryError
from sevenfold.serving.observed import Side

if TYPE_CHECKING:
    from sevenfold.pipelines.sagemaker.service import SageMaker

__all__ = ["count"]

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
    start = math.floor(since / MINUTE) * MINUTE
    end = max(math.ceil(until / MINUTE) * MINUTE, start + MINUTE)
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
    answer = service.asked(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
    )
    values: dict[str, list[float]] = {one["Id"]: list(one["Values"]) for one in answer["MetricDataResults"]}
    if any(one["StatusCode"] not in ("Complete", "PartialData") for one in answer["MetricDataResults"]):
        raise TemporaryError("metrics_incomplete", "CloudWatch must give the metrics of the endpoint, but does not.")
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


def _sum(values: dict[str, list[float]], name: str) -> int:
    return round(sum(values.get(name, [])))
