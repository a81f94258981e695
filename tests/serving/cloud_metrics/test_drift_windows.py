"""Windows of drift in a predictor: the formula by hand, and what goes to the clouds of it."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import pytest
from embedded_metrics import metric_data
from google_cloud import GoogleCloud, serving

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.counters import Scrape
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.serving.cloud_metrics.embedded import EmbeddedMetrics
from sevenfold.serving.cloud_metrics.figures import Figures
from sevenfold.serving.cloud_metrics.google import CloudMonitoring
from sevenfold.serving.cloud_metrics.sender import MetricsSender
from sevenfold.serving.cloud_metrics.settings import MetricsSettings
from sevenfold.serving.cloud_metrics.windows import DriftWindows
from sevenfold.serving.predictor.meter import Meter

COLOURS = FeatureBins(kind="category", names=("red", "blue", "grün"), counts=(500, 300, 200))
REFERENCE = Reference(rows=1_000, features={"colour": COLOURS, "shape": COLOURS})
START = 1_800_000_000.0
SECTION = MonitoringSection(window_minutes=1, min_rows=200)


def figures(seconds: float, colours: tuple[float, ...], shapes: tuple[float, ...] = (500, 300, 200)) -> Figures:
    counts = {("colour", name): count for name, count in zip(COLOURS.names, colours, strict=True)}
    counts |= {("shape", name): count for name, count in zip(COLOURS.names, shapes, strict=True)}
    return Figures(START + seconds, Scrape("demo", "0" * 12, bins=counts, rows=sum(colours)), 0.0, REFERENCE)


def psi_by_hand(counts: tuple[int, ...]) -> float:
    """Yurdakul's index, smoothed by half a row a bin, less its expectation."""
    now = [(count + 0.5) / (sum(counts) + 1.5) for count in counts]
    was = [(count + 0.5) / (1_000 + 1.5) for count in COLOURS.counts]
    index = sum((q - p) * math.log(q / p) for q, p in zip(now, was, strict=True))
    return index - 2 * (1 / sum(counts) + 1 / 1_000)


def test_each_window_holds_what_was_counted_in_it() -> None:
    windows = DriftWindows(SECTION, START)
    assert windows.ended(figures(59, (500, 300, 200))) is None
    first = windows.ended(figures(60, (500, 300, 200)))
    assert first is not None
    assert (first.rows, first.verdict) == (1_000, "stable")
    second = windows.ended(figures(121, (600, 350, 1_050), (1_000, 600, 400)))
    assert second is not None
    drifted = {one.feature: one for one in second.features}
    assert (second.rows, second.verdict) == (1_000, "drifted")
    assert drifted["colour"].psi == pytest.approx(psi_by_hand((100, 50, 850)))
    assert (drifted["colour"].drifted, drifted["colour"].bin, drifted["shape"].drifted) == (True, "grün", False)


def test_a_window_of_few_rows_has_no_verdict() -> None:
    window = DriftWindows(SECTION, START).ended(figures(60, (0, 0, 199), (0, 0, 199)))
    assert window is not None
    assert (window.verdict, window.features) == ("insufficient_data", ())


def test_cloudwatch_gets_a_figure_per_feature_and_one_for_all() -> None:
    out = io.StringIO()
    moved = figures(60, (100, 50, 850))
    EmbeddedMetrics("prices", out).send(moved, DriftWindows(SECTION, START).ended(moved))
    data = [one for line in out.getvalue().splitlines() for one in metric_data(line)]
    found = {(one["MetricName"], *(pair["Value"] for pair in one["Dimensions"][2:])): one["Value"] for one in data}
    assert found["PSI", "colour"] == pytest.approx(psi_by_hand((100, 50, 850)), abs=1e-6)
    assert (found["Drifted", "colour"], found["Drifted", "shape"]) == (1, 0)
    assert (found["FeaturesDrifted",], found["WindowRows",]) == (1, 1_000)


def test_cloud_monitoring_gets_a_figure_per_feature() -> None:
    moved = figures(60, (100, 50, 850))
    with serving(GoogleCloud()) as cloud:
        settings = MetricsSettings(
            to="cloud_monitoring", endpoint="prices", project="ours", region="x", address=cloud.url
        )
        CloudMonitoring(settings, cloud.url, START).send(moved, DriftWindows(SECTION, START).ended(moved))
        found = {dict(labels)["feature"]: value.double_value for labels, value in cloud.written.last("psi").items()}
        drifted = {
            dict(labels)["feature"]: value.int64_value for labels, value in cloud.written.last("drifted").items()
        }
    assert found["colour"] == pytest.approx(psi_by_hand((100, 50, 850)))
    assert drifted == {"colour": 1, "shape": 0}


def test_more_series_than_one_call_takes_are_written_in_several() -> None:
    many = {(f"f{feature}", f"b{number}"): 1.0 for feature in range(30) for number in range(10)}
    moved = figures(60, (1, 0, 0))
    moved = replace(moved, scrape=replace(moved.scrape, bins=many))
    with serving(GoogleCloud()) as cloud:
        settings = MetricsSettings(
            to="cloud_monitoring", endpoint="prices", project="ours", region="x", address=cloud.url
        )
        CloudMonitoring(settings, cloud.url, START).send(moved, None)
        assert (len(cloud.written.last("feature_bins")), cloud.written.calls) == (300, 2)


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [(403, "metrics_permission", "roles/monitoring.metricWriter"), (429, "metrics_quota", "quota of the Monitoring")],
)
def test_a_refusal_says_what_mends_it(status: int, code: str, remedy: str) -> None:
    with serving(GoogleCloud()) as cloud:
        cloud.written.forbidden = status
        settings = MetricsSettings(
            to="cloud_monitoring", endpoint="prices", project="ours", region="x", address=cloud.url
        )
        with pytest.raises(SevenfoldError) as refused:
            CloudMonitoring(settings, cloud.url, START).send(figures(60, (1, 0, 0)), None)
    assert (refused.value.code, remedy in refused.value.remedy) == (code, True)


def test_a_window_that_could_not_be_sent_is_sent_with_the_next() -> None:
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError("No space left on device")
            return super().write(text)

    out = Full()
    sender = MetricsSender(Meter("demo"), EmbeddedMetrics("prices", out), SECTION)
    sender._windows = DriftWindows(SECTION, START)
    sender.send(lambda: figures(60, (100, 50, 850)))
    assert (sender.failed, out.getvalue()) == (1, "")
    out.full = False
    sender.send(lambda: figures(90, (200, 60, 860)))
    documents = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (documents[0]["Rows"], sender.failed) == (1_120, 1)
    assert [one["PSI"] for one in documents if one.get("Feature") == "colour"] == [
        pytest.approx(psi_by_hand((100, 50, 850)), abs=1e-6)
    ]
