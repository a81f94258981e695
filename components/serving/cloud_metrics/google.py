"""Figures for Cloud Monitoring: its REST API, asked with the standard library as the account of the deployment.

Every replica writes cumulative series of its own, as a Prometheus counter is, so that a call that fails loses nothing.
"""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import MonitoringError, PolicyError, SevenfoldError, TemporaryError
from sevenfold.drift.telemetry import BUCKETS

if TYPE_CHECKING:
    from sevenfold.drift.verdict import WindowDrift
    from sevenfold.serving.cloud_metrics.figures import Figures
    from sevenfold.serving.cloud_metrics.settings import MetricsSettings

__all__ = ["FEATURE_BINS", "KIND", "PREDICTION_BINS", "CloudMonitoring", "label_value"]

KIND: Final = "custom.googleapis.com/sevenfold"
FEATURE_BINS: Final = f"{KIND}/feature_bins"
PREDICTION_BINS: Final = f"{KIND}/prediction_bins"
TOKEN: Final = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - an address
TIMEOUT_SECONDS: Final = 20.0
MOST_SERIES: Final = 200  # of one call
MOST_BYTES: Final = 1_000  # of a label's value: Cloud Monitoring takes 1,024
Series = dict[str, Any]


class CloudMonitoring:
    """Writes the figures of one replica of an endpoint.

    Args:
        settings: project, region, endpoint.
        metadata: address of the server that gives the machine its token.
        start: since when is counted, in seconds since the epoch.
    """

    def __init__(self, settings: MetricsSettings, metadata: str, start: float) -> None:
        self._settings, self._metadata, self._start = settings, metadata.rstrip("/"), start
        self._before: Figures | None = None
        labels = {"project_id": settings.project, "location": settings.region, "namespace": "sevenfold"}
        labels |= {"job": settings.endpoint, "task_id": secrets.token_hex(6)}
        self._resource = {"type": "generic_task", "labels": labels}

    def send(self, figures: Figures, window: WindowDrift | None) -> None:
        """Write every counter as it is now, and the drift of a window that has ended.

        Raises:
            PolicyError: ``metrics_permission``, ``metrics_refused``.
            MonitoringError: ``metrics_quota``.
            TemporaryError: ``metrics_unreachable``.
        """
        before = self._before
        if before and (before.scrape.bundle != figures.scrape.bundle or before.scrape.rows > figures.scrape.rows):
            self._start = before.moment  # another model was loaded: its counters began at 0
        series = [*self._counters(figures), *self._gauges(figures, window)]
        for first in range(0, len(series), MOST_SERIES):
            self._write(series[first : first + MOST_SERIES])
        self._before = figures

    def _counters(self, figures: Figures) -> Iterator[Series]:
        scrape = figures.scrape
        for code, count in scrape.codes.items():
            if count or code == "200":
                yield self._counter(figures, "requests", count, code=code)
        yield self._counter(figures, "predicted_rows", scrape.rows)
        yield self._latencies(figures)
        for name, rows in scrape.prediction.items():
            if rows:
                yield self._counter(figures, "prediction_bins", rows, bin=name)
        for (feature, name), rows in scrape.bins.items():
            if rows:
                yield self._counter(figures, "feature_bins", rows, feature=feature, bin=name)
        for metric, counted in (("out_of_range", scrape.out_of_range), ("unknown_categories", scrape.unknown)):
            for feature, values in counted.items():
                if values:
                    yield self._counter(figures, metric, values, feature=feature)

    def _latencies(self, figures: Figures) -> Series:
        below = [figures.scrape.buckets[bound] for bound in sorted(figures.scrape.buckets)]
        counts = [round(upper - lower) for lower, upper in zip([0.0, *below], below, strict=False)]
        total = sum(counts)
        value: dict[str, Any] = {
            "count": str(total),
            "bucketOptions": {"explicitBuckets": {"bounds": list(BUCKETS)}},
            "bucketCounts": [str(count) for count in counts],
        }
        if total:
            value["mean"] = figures.seconds / total
        return self._cumulative(figures, "request_seconds", "DISTRIBUTION", {"distributionValue": value}, {}) | {
            "unit": "s"
        }

    def _gauges(self, figures: Figures, window: WindowDrift | None) -> Iterator[Series]:
        if window is None:
            return
        yield self._gauge(figures, "window_rows", "INT64", {"int64Value": str(window.rows)}, {})
        for one in window.features:
            own = {"feature": one.feature}
            yield self._gauge(figures, "psi", "DOUBLE", {"doubleValue": one.psi}, own)
            yield self._gauge(figures, "drifted", "INT64", {"int64Value": str(int(one.drifted))}, own)

    def _counter(self, figures: Figures, metric: str, count: float, **own: str) -> Series:
        return self._cumulative(figures, metric, "INT64", {"int64Value": str(round(count))}, own)

    def _cumulative(
        self, figures: Figures, metric: str, kind: str, value: dict[str, Any], own: dict[str, str]
    ) -> Series:
        interval = {"startTime": _moment(self._start), "endTime": _moment(figures.moment)}
        return self._series(figures, metric, "CUMULATIVE", kind, [{"interval": interval, "value": value}], own)

    def _gauge(self, figures: Figures, metric: str, kind: str, value: dict[str, Any], own: dict[str, str]) -> Series:
        interval = {"endTime": _moment(figures.moment)}
        return self._series(figures, metric, "GAUGE", kind, [{"interval": interval, "value": value}], own)

    def _series(
        self, figures: Figures, metric: str, kind: str, values: str, points: list[dict[str, Any]], own: dict[str, str]
    ) -> Series:
        labels = {"model": figures.scrape.model, "bundle": figures.scrape.bundle, **own}
        return {
            "metric": {
                "type": f"{KIND}/{metric}",
                "labels": {name: label_value(text) for name, text in labels.items()},
            },
            "resource": self._resource,
            "metricKind": kind,
            "valueType": values,
            "points": points,
        }

    def _write(self, series: list[Series]) -> None:
        settings = self._settings
        address = f"{settings.address}/v3/projects/{settings.project}/timeSeries"
        try:
            token = json.loads(_answer(f"{self._metadata}{TOKEN}", {"Metadata-Flavor": "Google"}))["access_token"]
            login = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            _answer(address, login, json.dumps({"timeSeries": series}).encode())
        except urllib.error.HTTPError as error:
            raise _refusal(error, settings.project) from None
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            why = f"Cloud Monitoring must take the metrics, but was not reached: {str(error)[:200]}"
            raise TemporaryError("metrics_unreachable", why, remedy="They are sent again in a minute.") from None


def _answer(address: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - of Google's, or of a test
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return bytes(answer.read())


def _refusal(error: urllib.error.HTTPError, project: str) -> SevenfoldError:
    try:
        said = " ".join(str(json.loads(error.read())["error"]["message"]).split())[:300]
    except (OSError, ValueError, KeyError, TypeError):
        said = f"status {error.code}"
    if error.code in (401, 403):
        return PolicyError(
            "metrics_permission",
            f"Cloud Monitoring must let this container write metrics of the project {project}, but says: {said}",
            remedy="Name an account in vertex.service_account, and give it roles/monitoring.metricWriter.",
        )
    if error.code == 429:
        return MonitoringError(
            "metrics_quota",
            f"Cloud Monitoring must have room for the metrics of the project {project}, but says: {said}",
            remedy="Ask for more of the quota of the Monitoring API, or write vertex.serving.metrics: false.",
        )
    if error.code >= 500:
        return TemporaryError(
            "metrics_unreachable", f"Cloud Monitoring must take the metrics, but says: {said}", remedy="Wait a minute."
        )
    return PolicyError(
        "metrics_refused",
        f"Cloud Monitoring must take the metrics of the project {project}, but says: {said}",
        remedy="See whether vertex.project is right, and whether the Monitoring API is enabled in it.",
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def label_value(text: str) -> str:
    """Return a text as the value of a label: cut, where Cloud Monitoring takes no longer one."""
    return text.encode()[:MOST_BYTES].decode(errors="ignore")
