"""What all replicas of a bundle counted per feature and bin, read from the log of their endpoint.

As metrics these counts would be paid for by feature and bin; as lines of the log they cost what their bytes do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.contracts.errors import PolicyError
from sevenfold.serving.cloud_metrics.embedded import BIN_ROWS

if TYPE_CHECKING:
    from sevenfold.drift.stability import Counts
    from sevenfold.pipelines.endpoint.protocol import Bins
    from sevenfold.pipelines.sagemaker.service import SageMaker

__all__ = ["count_features", "log_group"]


def log_group(endpoint: str) -> str:
    """Return the name of the group in CloudWatch Logs that SageMaker keeps an endpoint's output in."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def count_features(
    service: SageMaker, endpoint: str, bundle: str, bins: Bins, since: float, until: float
) -> dict[str, Counts]:
    """Return the rows per bin of each feature that all replicas of a bundle printed between two moments.

    A line tells of at most a minute before it. Lines of another bundle, and what is no line of ours, do not count.

    Raises:
        PolicyError, TemporaryError: what AWS refuses; an endpoint that has printed nothing has counted nothing.
    """
    rows = {feature: np.zeros(len(names)) for feature, names in bins.items()}
    for line in _lines(service, endpoint, since, until):
        counted = rows.get(str(line.get("feature")))
        given = line.get(BIN_ROWS)
        own = (line.get("Endpoint"), line.get("Bundle")) == (endpoint, bundle)
        if own and counted is not None and isinstance(given, list) and len(given) == len(counted):
            counted += np.array(given, dtype=np.float64)
    return dict(rows)


def _lines(service: SageMaker, endpoint: str, since: float, until: float) -> Iterator[dict[str, Any]]:
    asked: dict[str, Any] = {
        "logGroupName": log_group(endpoint),
        "startTime": math.floor(since * 1000),
        "endTime": math.ceil(until * 1000),
        "filterPattern": f'"{BIN_ROWS}"',
    }
    while True:
        try:
            page = service.asked("logs", "filter_log_events", **asked)
        except PolicyError as error:
            if error.code == "aws_absent":
                return
            raise
        for event in page.get("events", []):
            line = _parsed(str(event.get("message", "")))
            if line is not None:
                yield line
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


def _parsed(message: str) -> dict[str, Any] | None:
    try:
        line = json.loads(message)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
