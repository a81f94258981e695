"""Counts of several replicas, added from what the clouds were told, are those of one that answered everything."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from google_cloud import GoogleCloud, serving
from moto.server import ThreadedMotoServer
from predictor_requests import read_metrics

from sevenfold.drift import telemetry
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.pipelines.sagemaker.feature_log import count_features as count_in_log
from sevenfold.pipelines.sagemaker.feature_log import log_group
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.pipelines.vertex.counts import count_features as count_in_series
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.serving.cloud_metrics.settings import MetricsSettings

SECTION = MonitoringSection(min_rows=50)
ENDPOINT = "prices"


def requests(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Sixty requests, of whose rows one feature moved, and another in the last third."""
    return [
        {"instances": [{**row, "distance": 40.0 * number, "seats": 180 if number < 40 else 20}] * (1 + number % 3)}
        for number in range(60)
    ]


def answer(start: Any, bundle: Path, folder: Path, asked: list[dict[str, Any]]) -> tuple[str, dict[Any, float]]:
    """Let one process answer; return what it printed and its page for Prometheus, and let it end."""
    folder.mkdir()
    with start(bundle, folder) as server:
        for body in asked:
            assert server.predict(body)[0] == 200
        page = read_metrics(server.request("GET", "/metrics")[2].decode())
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        return server.log.read_text(), page


def by_page(page: dict[Any, float], bins: dict[str, tuple[str, ...]]) -> dict[str, np.ndarray[Any, Any]]:
    """Rows per bin of each feature, as Prometheus would scrape them."""
    found = {
        (dict(labels)["feature"], dict(labels)["bin"]): value
        for (name, labels), value in page.items()
        if name == telemetry.FEATURE_BINS.name
    }
    return {feature: np.array([found.get((feature, name), 0.0) for name in names]) for feature, names in bins.items()}


class Added:
    """What was read back of the replicas, and the drift of it."""

    def __init__(self, sample: Any) -> None:
        self.reference = sample.bundle.reference()
        self.label = sample.bundle.digest.removeprefix("sha256:")[:12]
        self.bins = {name: tuple(bins.names) for name, bins in self.reference.features.items()}

    def drift(self, counts: dict[str, Any]) -> WindowDrift:
        return window_drift("w", counts, self.reference, SECTION)

    def require_same(self, counts: dict[str, Any], page: dict[Any, float]) -> None:
        """Compare with the process that answered all requests: every count, every verdict, every PSI."""
        alone = by_page(page, self.bins)
        assert sum(alone["distance"]) == 120
        assert {name: rows.tolist() for name, rows in counts.items()} == {
            name: rows.tolist() for name, rows in alone.items()
        }
        assert self.drift(counts) == self.drift(alone)
        assert self.drift(counts).verdict == "drifted"


@pytest.fixture
def parts(good_row: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The requests, as two replicas share them, the second of which was started again in between."""
    asked = requests(good_row)
    return [asked[::2], asked[1:30:2], asked[31::2]]


def test_cloud_monitoring_adds_the_replicas(
    start: Any, sample: Any, parts: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added, since = Added(sample), time.time()
    with serving(GoogleCloud()) as cloud:
        monkeypatch.setenv("GCE_METADATA_HOST", cloud.url.removeprefix("http://"))
        settings = MetricsSettings(
            to="cloud_monitoring", endpoint=ENDPOINT, project="our-models", region="europe-west4", address=cloud.url
        )
        monkeypatch.setenv("SEVENFOLD_METRICS", settings.to_variable())
        for number, part in enumerate(parts):
            answer(start, sample.bundle.folder, tmp_path / str(number), part)
        read: Callable[..., Any] = lambda query: cloud.written.read(query)[1]["timeSeries"]  # noqa: E731
        service: Any = type("Service", (), {"series": staticmethod(read)})
        counts = count_in_series(service, ENDPOINT, added.label, added.bins, since, time.time() + 1)
    monkeypatch.delenv("SEVENFOLD_METRICS")
    _, page = answer(start, sample.bundle.folder, tmp_path / "alone", [body for part in parts for body in part])
    added.require_same(counts, page)


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """CloudWatch Logs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    client = boto3.client("logs", region_name="eu-central-1")
    yield client
    server.stop()


def test_the_log_of_an_endpoint_adds_the_replicas(
    logs: Any, start: Any, sample: Any, parts: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added, since, group = Added(sample), time.time(), log_group(ENDPOINT)
    service = SageMaker("eu-central-1")
    assert not any(sum(rows) for rows in count_in_log(service, ENDPOINT, added.label, added.bins, 0, 1).values())
    logs.create_log_group(logGroupName=group)
    settings = MetricsSettings(to="cloudwatch", endpoint=ENDPOINT, interval_seconds=0.1)
    monkeypatch.setenv("SEVENFOLD_METRICS", settings.to_variable())
    foreign = {"Endpoint": ENDPOINT, "Bundle": "0" * 12, "feature": "distance", "bin_rows": [9] * 20}
    for number, part in enumerate(parts):
        printed, _ = answer(start, sample.bundle.folder, tmp_path / str(number), part)
        stream, moment = f"AllTraffic/i-{number}", round(time.time() * 1000)
        lines = [*filter(None, printed.splitlines()), json.dumps(foreign), "bin_rows of nobody"]
        events = [{"timestamp": moment, "message": line} for line in lines]
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    counts = count_in_log(service, ENDPOINT, added.label, added.bins, since, time.time() + 1)
    monkeypatch.delenv("SEVENFOLD_METRICS")
    _, page = answer(start, sample.bundle.folder, tmp_path / "alone", [body for part in parts for body in part])
    added.require_same(counts, page)
