"""The whole stage against a real predictor: drift appears in the months and features that have it, nowhere else."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from kfp import dsl

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.service import SERVICE_FILE, LocalService, write_service
from sevenfold.drift.counters import since
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.component import monitor_model
from sevenfold.monitoring.dashboards.catalogue import DASHBOARDS
from sevenfold.monitoring.scrape import scrape
from sevenfold.monitoring.watch import windows_of_dataset
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import read_report
from sevenfold.scoring.client import InferenceClient


def service_folder(folder: Path, url: str, digest: str) -> Path:
    folder.mkdir()
    service = LocalService(url=url, name="wind", digest=digest, port=9, pid=1, started="today", log="server.log")
    write_service(service, folder)
    seal(folder, expected=[SERVICE_FILE])
    return folder


def run(folder: Path, sample, url: str, section: MonitoringSection, *, digest: str = "") -> None:
    service = service_folder(folder / "service", url, digest or sample.bundle.digest)
    settings = {"monitoring": section.model_dump(mode="json"), "name": "wind", "time_column": "when"}
    monitor_model.python_func(
        dataset=dsl.Dataset(uri=str(sample.dataset.folder)),
        bundle=dsl.Model(uri=str(sample.bundle.folder)),
        service=dsl.Artifact(uri=str(service)),
        settings=canonical_json(settings),
        watch=dsl.Artifact(uri=str(folder / "watch")),
        report=dsl.HTML(uri=str(folder / "report.html")),
        summary=dsl.Markdown(uri=str(folder / "summary.md")),
    )


def test_drift_is_found_in_the_months_and_features_it_was_put_into(sample, predictor, tmp_path, capsys):
    run(tmp_path, sample, predictor, MonitoringSection(replay="later"))
    verify(tmp_path / "watch")
    drift = json.loads((tmp_path / "watch" / "drift.json").read_text())
    verdicts = {window["label"]: window["verdict"] for window in drift["windows"]}
    assert verdicts == {
        "2013-09": "stable",
        "2013-10": "drifted",
        "2013-11": "drifted",
        "2013-12": "insufficient_data",
    }
    # wind shifted from October on; the prediction depends on it; carrier moved in one month, too few for an alarm
    assert {alarm["feature"]: alarm["since"] for alarm in drift["alarms"]} == {
        "wind": "2013-10",
        "prediction": "2013-10",
    }
    moved = {f["feature"] for window in drift["windows"] for f in window["features"] if f["drifted"]}
    assert moved == {"wind", "carrier", "prediction"}
    report = read_report(tmp_path / "report.html")
    assert report.level == "warning"
    assert "wind (since 2013-10)" in report.headline
    assert "gust" not in report.headline
    assert "sevenfold-progress" in capsys.readouterr().out


def test_every_row_sent_is_counted_as_traffic_whatever_the_batch_size_accepted(sample, predictor, tmp_path):
    with InferenceClient(predictor, "wind") as client:
        before = scrape(client, bundle_label(sample.bundle.digest))
        run(tmp_path, sample, predictor, MonitoringSection(replay="test"))
        counted = since(before, scrape(client, bundle_label(sample.bundle.digest)))
    assert counted.rows == 1_000
    assert counted.errors == 0
    drift = json.loads((tmp_path / "watch" / "drift.json").read_text())
    assert drift["verdict"] == "stable"
    assert [window["rows"] for window in drift["windows"]] == [334, 333, 333]
    assert read_report(tmp_path / "report.html").level == "good"


def test_test_rows_of_a_random_split_come_in_random_order(sample):
    section = MonitoringSection(replay="test")
    _, newest, _ = windows_of_dataset(sample.dataset, section, "when", in_time_order=True)
    table, drawn, what = windows_of_dataset(sample.dataset, section, "when", in_time_order=False)
    assert what == "test rows in random order"
    rows = np.concatenate([window.rows for window in drawn])
    assert sorted(rows.tolist()) == list(range(table.num_rows))
    assert [len(window.rows) for window in drawn] == [len(window.rows) for window in newest]
    # each window holds rows from all over the table
    assert all(abs(window.rows.mean() / table.num_rows - 0.5) < 0.1 for window in drawn)


def test_without_a_replay_what_was_served_so_far_is_one_window(sample, fresh_predictor, tmp_path):
    run(tmp_path, sample, fresh_predictor, MonitoringSection(replay="none"))
    drift = json.loads((tmp_path / "watch" / "drift.json").read_text())
    assert drift["verdict"] == "insufficient_data"
    assert "200 rows" in read_report(tmp_path / "report.html").headline


def test_rules_and_dashboard_are_left_for_prometheus_and_grafana(sample, predictor, tmp_path):
    run(tmp_path, sample, predictor, MonitoringSection(replay="none"))
    rules = yaml.safe_load((tmp_path / "watch" / "rules.yaml").read_text())
    assert rules["kind"] == "PrometheusRule"
    for name in DASHBOARDS:
        assert json.loads((tmp_path / "watch" / "dashboards" / f"{name}.json").read_text())["panels"]


def test_a_service_of_another_bundle_is_not_watched(sample, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, sample, "http://127.0.0.1:9", MonitoringSection(), digest="sha256:" + "0" * 64)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["code"] == "another_bundle"
    assert not (tmp_path / "watch").exists()


def test_a_predictor_that_is_gone_is_one_clear_error(sample, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, sample, "http://127.0.0.1:9", MonitoringSection())
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["code"] == "unreachable"
    assert not (tmp_path / "report.html").exists()


def test_rows_as_a_whole_are_compared_where_the_plan_asks_for_it(sample, predictor, tmp_path):
    run(tmp_path, sample, predictor, MonitoringSection(replay="later", subtle=True))
    rows = json.loads((tmp_path / "watch" / "drift.json").read_text())["rows"]
    assert rows["drifted_since"] == "2013-10"
    assert [one["separation"] and one["separation"]["drifted"] for one in rows["windows"]] == [False, True, True, None]
    assert rows["windows"][1]["separation"]["features"][0][0] == "wind"
    assert "told apart (AUC)" in (tmp_path / "report.html").read_text()
