"""Monitoring on a cluster: a real Prometheus scrapes a real predictor, and nothing is sent to it by us."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from kfp import dsl

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import MonitoringError
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.service import SERVICE_FILE, KServeService, write_service
from sevenfold.drift.prometheus import PrometheusClient
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.component import monitor_model
from sevenfold.monitoring.scrape import scrape
from sevenfold.monitoring.watch_on_cluster import watch_on_cluster
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Report, read_report
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import feeds_from_table

ONE_WINDOW = {"windows": 1, "windows_drifted": 1, "window_minutes": 5}


@pytest.fixture
def team(request: pytest.FixtureRequest) -> str:
    """A namespace of this test alone: all of them serve the same bundle."""
    return request.node.name.replace("_", "-")


def service_of(digest: str, team: str) -> KServeService:
    return KServeService(url="http://wind", name="wind", digest=digest, namespace=team, workload="wind")


def exposed(prometheus: Any, predictor: str, team: str) -> PrometheusClient:
    """Let Prometheus scrape the predictor, and wait until it has."""

    def page() -> str:
        with urlopen(f"{predictor}/metrics", timeout=5) as answer:  # noqa: S310
            return re.sub(r"^(sevenfold\w+){", rf'\1{{namespace="{team}",', answer.read().decode(), flags=re.M)

    prometheus.expose(page)
    client = PrometheusClient(prometheus.url)
    deadline = time.monotonic() + 15
    while not client.query(f'sevenfold_bundle_info{{namespace="{team}"}}'):
        assert time.monotonic() < deadline, "never scraped"
        time.sleep(0.05)
    return client


def send(sample: Any, predictor: str, client: PrometheusClient, table: Any, team: str) -> None:
    """Send rows as users do, and wait until Prometheus has counted them."""
    total = f'sum(sevenfold_predictions_total{{namespace="{team}"}})'
    before = client.query(total)[0].value
    with InferenceClient(predictor, "wind") as users:
        for start in range(0, table.num_rows, 200):
            users.infer(feeds_from_table(table.slice(start, 200), sample.bundle.signature.inputs))
    deadline = time.monotonic() + 15
    while client.query(total)[0].value < before + table.num_rows:
        assert time.monotonic() < deadline, "never counted"
        time.sleep(0.05)


def rows_of(sample: Any, predictor: str) -> float:
    """Return the rows that the predictor has predicted."""
    with InferenceClient(predictor, "wind") as client:
        return scrape(client, bundle_label(sample.bundle.digest)).rows


def watched(sample: Any, out: Path, url: str, team: str, **section: Any) -> tuple[Report, dict[str, Any], float]:
    """Watch with time that only waiting lets pass; return report, record and the time waited."""
    waited: list[float] = []
    report = watch_on_cluster(
        sample.dataset,
        sample.bundle,
        service_of(sample.bundle.digest, team),
        MonitoringSection(prometheus=url, **{**ONE_WINDOW, **section}),
        out,
        name="wind",
        time_column="when",
        sleep=waited.append,
    )
    verify(out)
    return report, json.loads((out / "drift.json").read_text()), sum(waited)


def test_what_users_sent_is_judged_and_nothing_is_sent(sample, predictor, prometheus, table, team, tmp_path):
    client = exposed(prometheus, predictor, team)
    before = rows_of(sample, predictor)
    send(sample, predictor, client, table(600, 5, wind=1.0), team)
    service = tmp_path / "service"
    service.mkdir()
    write_service(service_of(sample.bundle.digest, team), service)
    seal(service, expected=[SERVICE_FILE])
    section = MonitoringSection(prometheus=prometheus.url, **ONE_WINDOW)
    monitor_model.python_func(
        dataset=dsl.Dataset(uri=str(sample.dataset.folder)),
        bundle=dsl.Model(uri=str(sample.bundle.folder)),
        service=dsl.Artifact(uri=str(service)),
        settings=canonical_json({"monitoring": section.model_dump(mode="json"), "name": "wind"}),
        watch=dsl.Artifact(uri=str(tmp_path / "watch")),
        report=dsl.HTML(uri=str(tmp_path / "report.html")),
        summary=dsl.Markdown(uri=str(tmp_path / "summary.md")),
    )
    drift = json.loads((tmp_path / "watch" / "drift.json").read_text())
    assert drift["verdict"] == "drifted"
    assert {alarm["feature"] for alarm in drift["alarms"]} == {"wind", "prediction"}
    (window,) = drift["windows"]
    assert (window["label"], window["rows"]) == ("last 5 minutes", 600)
    assert sum(window["counts"]["wind"]) == sum(window["counts"]["prediction"]) == 600
    # the test rows, judged without the service, are as the training rows
    assert drift["dataset"]["verdict"] == "stable"
    assert [part["rows"] for part in drift["dataset"]["windows"]] == [1_000]
    report = read_report(tmp_path / "report.html")
    assert report.level == "warning"
    assert report.headline.startswith("Drift in the 600 rows served: 1 feature moved, wind.")
    assert "In the dataset: No drift: the 1,000 test rows" in report.headline
    assert yaml.safe_load((tmp_path / "watch" / "rules.yaml").read_text())["kind"] == "PrometheusRule"
    assert rows_of(sample, predictor) - before == 600


def test_few_rows_are_no_verdict_and_reported_as_few(sample, predictor, prometheus, table, team, tmp_path):
    send(sample, predictor, exposed(prometheus, predictor, team), table(20, 5), team)
    report, drift, waited = watched(sample, tmp_path / "watch", prometheus.url, team)
    assert (drift["verdict"], waited) == ("insufficient_data", 0)
    assert report.level == "info"
    assert report.headline.startswith("No verdict on drift: a window needs 200 rows")
    figures = {fact.label: fact for fact in report.blocks[0].facts}
    assert figures["pods scraped"].value == 1
    assert figures["rules"].value == "loaded"
    assert (figures["requests of users"].value, figures["failed requests"].value) == (1, 0)
    assert figures["last sample"].value < 60


def test_live_windows_are_the_users_and_months_the_datasets(sample, predictor, prometheus, table, team, tmp_path):
    send(sample, predictor, exposed(prometheus, predictor, team), table(400, 5), team)
    report, drift, _ = watched(
        sample, tmp_path / "watch", prometheus.url, team, replay="later", windows=3, windows_drifted=2
    )
    assert (drift["verdict"], [window["verdict"] for window in drift["windows"]]) == ("stable", ["stable"])
    assert drift["dataset"]["verdict"] == "drifted"
    assert [window["label"] for window in drift["dataset"]["windows"]] == ["2013-09", "2013-10", "2013-11", "2013-12"]
    assert "In the dataset: Drift in the" in report.headline


def test_a_prometheus_that_does_not_answer_is_unknown_and_fails_nothing(sample, tmp_path):
    report, drift, waited = watched(sample, tmp_path / "watch", "http://127.0.0.1:9", "team")
    assert (drift["verdict"], drift["windows"], waited) == ("unknown", [], 60)
    assert report.level == "warning"
    assert report.headline.startswith("Unknown: Prometheus could not be asked")
    figures = {fact.label: fact.value for fact in report.blocks[0].facts}
    assert figures["rules"] == "unknown"
    assert figures["requests of users"] is None
    assert "monitoring.subtle" not in report.model_dump_json()


def test_rows_as_a_whole_are_said_not_to_be_compared(sample, tmp_path):
    report, drift, _ = watched(sample, tmp_path / "watch", "http://127.0.0.1:9", "team", subtle=True)
    assert "monitoring.subtle: rows as a whole are compared on one machine only" in report.model_dump_json()
    assert "rows" not in drift


def test_a_bundle_that_prometheus_does_not_see_is_unknown(sample, prometheus, team, tmp_path):
    report, drift, _ = watched(sample, tmp_path / "watch", prometheus.url, team, replay="none")
    assert (drift["verdict"], drift["dataset"]) == ("unknown", None)
    assert report.headline.startswith("Unknown: Prometheus does not see this bundle")
    assert "does it scrape its pods?" in report.blocks[1].findings[0].text


def test_rules_that_nobody_loaded_are_missed(sample, predictor, own_prometheus, table, team, tmp_path):
    send(sample, predictor, exposed(own_prometheus, predictor, team), table(300, 5), team)
    report, drift, _ = watched(sample, tmp_path / "watch", own_prometheus.url, team)
    assert (drift["verdict"], report.level) == ("stable", "warning")
    assert "has not loaded the rules sevenfold:feature_drifted" in report.blocks[1].findings[0].text


def test_a_service_of_another_bundle_is_not_watched(sample, tmp_path):
    other = service_of("sha256:" + "0" * 64, "team")
    with pytest.raises(MonitoringError) as caught:
        watch_on_cluster(sample.dataset, sample.bundle, other, MonitoringSection(), tmp_path / "watch", name="wind")
    assert caught.value.code == "another_bundle"
    assert not (tmp_path / "watch").exists()
