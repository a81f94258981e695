"""The figures that a predictor sends or prints are those that Prometheus would scrape from it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from embedded_metrics import metric_data, summed
from google_cloud import GoogleCloud, serving
from predictor_requests import read_metrics

from sevenfold.contracts.service import REPLAY_HEADER, REPLAY_VALUE
from sevenfold.drift import telemetry
from sevenfold.drift.counters import latency_quantile, scrape_of
from sevenfold.serving.cloud_metrics.embedded import dimension
from sevenfold.serving.cloud_metrics.settings import MetricsSettings

Scraped = dict[tuple[str, frozenset[tuple[str, str]]], float]


def ask(server: Any, row: dict[str, Any]) -> None:
    """Rows of several kinds, two refused requests, one that is replayed."""
    for number in range(40):
        instances = [{**row, "distance": 100.0 * number} for _ in range(1 + number % 3)]
        assert server.predict({"instances": instances})[0] == 200
    assert server.predict({"instances": []})[0] in (400, 422)
    assert server.request("POST", "/v1/models/flights:predict", b"[]", {})[0] in (400, 422)
    assert server.predict({"instances": [row]}, {REPLAY_HEADER: REPLAY_VALUE})[0] == 200


def scraped(server: Any) -> Scraped:
    return read_metrics(server.request("GET", "/metrics")[2].decode())


def counted(samples: Scraped, metric: telemetry.Metric, label: str) -> dict[str, float]:
    return {dict(pairs)[label]: value for (name, pairs), value in samples.items() if name == metric.name}


def p99_ms(samples: Scraped) -> float:
    """By the formula of the drift report, from the histogram on the page."""
    name = f"{telemetry.REQUEST_SECONDS}_bucket"
    buckets = {(dict(pairs)["le"],): value for (one, pairs), value in samples.items() if one == name}
    return latency_quantile(scrape_of("flights", "", {name: buckets}), 0.99) * 1000


def test_cloudwatch_reads_in_the_log_what_prometheus_scrapes(
    start: Any, sample: Any, good_row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = MetricsSettings(to="cloudwatch", endpoint="prices", interval_seconds=600)
    monkeypatch.setenv("SEVENFOLD_METRICS", settings.to_variable())
    with start(sample.bundle.folder, tmp_path) as server:
        ask(server, good_row)
        samples = scraped(server)
        assert not any(metric_data(line) for line in server.log.read_text().splitlines())
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        printed = server.log.read_text()
    bundle = {"Endpoint": "prices", "Bundle": sample.bundle.digest.removeprefix("sha256:")[:12]}
    codes = counted(samples, telemetry.REQUESTS, "code")
    assert codes["200"] == 40
    assert summed(printed, "Requests", **bundle) == sum(codes.values())
    assert summed(printed, "Errors", **bundle) == 0
    assert summed(printed, "Refused", **bundle) == codes["400"] + codes["422"] == 2
    rows = samples[(telemetry.PREDICTIONS.name, frozenset({"model": "flights", "bundle": bundle["Bundle"]}.items()))]
    assert summed(printed, "Rows", **bundle) == rows
    assert summed(printed, "LatencyP99", **bundle) == pytest.approx(p99_ms(samples), abs=1e-3)
    bins = counted(samples, telemetry.PREDICTION_BINS, "bin")
    assert sum(bins.values()) == rows
    assert {name: summed(printed, "PredictedRows", **bundle, Bin=dimension(name)) for name in bins} == bins


def test_what_is_printed_minute_by_minute_adds_up(
    start: Any, sample: Any, good_row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = MetricsSettings(to="cloudwatch", endpoint="prices", interval_seconds=0.1)
    monkeypatch.setenv("SEVENFOLD_METRICS", settings.to_variable())
    with start(sample.bundle.folder, tmp_path) as server:
        ask(server, good_row)
        samples = scraped(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        printed = server.log.read_text()
    label = sample.bundle.digest.removeprefix("sha256:")[:12]
    bundle = {"Endpoint": "prices", "Bundle": label}
    documents = [json.loads(line) for line in printed.splitlines() if "_aws" in line]
    assert len([one for one in documents if "codes" in one]) > 1
    assert summed(printed, "Requests", **bundle) == sum(counted(samples, telemetry.REQUESTS, "code").values())
    bins = counted(samples, telemetry.PREDICTION_BINS, "bin")
    assert {name: summed(printed, "PredictedRows", **bundle, Bin=dimension(name)) for name in bins} == bins


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Cloud Monitoring, and a predictor's environment that sends to it."""
    with serving(GoogleCloud()) as cloud:
        monkeypatch.setenv("GCE_METADATA_HOST", cloud.url.removeprefix("http://"))
        settings = MetricsSettings(
            to="cloud_monitoring",
            endpoint="prices",
            project="our-models",
            region="europe-west4",
            address=cloud.url,
            interval_seconds=0.1,
        )
        monkeypatch.setenv("SEVENFOLD_METRICS", settings.to_variable())
        yield cloud


def test_cloud_monitoring_gets_what_prometheus_scrapes(
    sending: GoogleCloud, start: Any, sample: Any, good_row: dict[str, Any], tmp_path: Path
) -> None:
    with start(sample.bundle.folder, tmp_path) as server:
        ask(server, good_row)
        samples = scraped(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert "metrics not sent" not in server.log.read_text()
    base = {"model": "flights", "bundle": sample.bundle.digest.removeprefix("sha256:")[:12]}
    assert sending.written.calls > 1
    names = {
        "requests": telemetry.REQUESTS,
        "predicted_rows": telemetry.PREDICTIONS,
        "feature_bins": telemetry.FEATURE_BINS,
        "prediction_bins": telemetry.PREDICTION_BINS,
        "out_of_range": telemetry.OUT_OF_RANGE,
        "unknown_categories": telemetry.UNKNOWN_CATEGORIES,
    }
    for written, metric in names.items():
        there = {labels: value for (name, labels), value in samples.items() if name == metric.name and value}
        sent = {labels: float(value.int64_value) for labels, value in sending.written.last(written).items()}
        assert {labels: count for labels, count in sent.items() if count} == there
    ((labels, latency),) = sending.written.last("request_seconds").items()
    assert dict(labels) == base
    value = latency.distribution_value
    name = telemetry.REQUEST_SECONDS.name
    shared = frozenset(base.items())
    assert value.count == samples[(f"{name}_count", shared)]
    assert value.mean * value.count == pytest.approx(samples[(f"{name}_sum", shared)])
    below = 0
    for bound, count in zip(telemetry.BUCKETS, value.bucket_counts, strict=False):
        below += count
        assert below == samples[(f"{name}_bucket", shared | {("le", str(bound))})]


def test_a_refusal_is_told_once_in_the_log_and_loses_nothing(
    sending: GoogleCloud, start: Any, sample: Any, good_row: dict[str, Any], tmp_path: Path
) -> None:
    sending.written.forbidden = 403
    with start(sample.bundle.folder, tmp_path) as server:
        ask(server, good_row)
        rows = sum(counted(scraped(server), telemetry.PREDICTION_BINS, "bin").values())
        while sending.written.refused < 3:
            time.sleep(0.05)
        sending.written.forbidden = 0
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        told = [json.loads(line) for line in server.log.read_text().splitlines() if '"metrics ' in line]
    (line, again) = told
    assert (line["failed"], "roles/monitoring.metricWriter" in line["remedy"], "error" in line) == (1, True, False)
    assert (again["event"], again["failed"] >= 3) == ("metrics sent again", True)
    assert sum(value.int64_value for value in sending.written.last("prediction_bins").values()) == rows


def test_who_does_not_ask_imports_nothing_of_it() -> None:
    import subprocess
    import sys

    code = "import sevenfold.serving.__main__, sys; print([m for m in sys.modules if 'cloud_metrics' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_variable_that_is_none_of_ours_is_one_line(
    sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sevenfold.serving.__main__ as command

    monkeypatch.setenv("SEVENFOLD_METRICS", '{"to": "graphite", "endpoint": "x"}')
    monkeypatch.setattr(command, "forbid_pickle", lambda: None)
    monkeypatch.setattr("sys.argv", ["serving", "--bundle", str(sample.bundle.folder)])
    assert command.main() != 0
    assert json.loads(capsys.readouterr().out)["code"] == "bad_metrics"
