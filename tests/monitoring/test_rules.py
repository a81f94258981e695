"""The rules, run by Prometheus itself (promtool): each alert fires, stays quiet, survives a gap, and has its twin."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.drift.verdict import window_drift
from sevenfold.monitoring.alerts import WATCHDOG, alerts
from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection(window_minutes=10)
NAME = "flights"
SELECTOR = f'{{model="{NAME}"}}'
BASE = {"model": NAME, "bundle": "b1", "namespace": "n"}
BINS = ("low", "middle", "high", "missing")
REFERENCE = (400, 300, 300, 0)
EVEN = (40, 30, 30, 0)  # rows per minute, spread as the reference is
MOVED = (10, 30, 60, 0)
MINUTES = 60

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    pairs = ", ".join(f'{key}="{value}"' for key, value in {**BASE, **labels}.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def rising(per_minute: float, *, minutes: int = MINUTES, start: float = 0) -> str:
    return f"{start}+{per_minute}x{minutes}"


def counted(name: str, per_minute: tuple[float, ...], *, pod: str = "p", text: str = "", **labels: str) -> list[dict]:
    return [
        series(name, text or rising(rate), bin=bin_name, pod=pod, **labels)
        for bin_name, rate in zip(BINS, per_minute, strict=True)
    ]


def referenced(minutes: int = MINUTES) -> list[dict[str, str]]:
    limit = chi_squared_quantile(1 - SECTION.significance, len(BINS) - 1)
    feature = {"feature": "wind", "pod": "p"}
    both = [
        series(name, f"{rows}x{minutes}", bin=bin_name, **labels)
        for name, labels in (
            ("sevenfold_reference_feature_bin_rows", feature),
            ("sevenfold_reference_prediction_bin_rows", {"pod": "p"}),
        )
        for bin_name, rows in zip(BINS, REFERENCE, strict=True)
    ]
    return [*both, series("sevenfold_reference_chi_squared_limit", f"{limit}x{minutes}", **feature)]


def features(per_minute: tuple[float, ...], **more: str) -> list[dict]:
    return [*referenced(), *counted("sevenfold_feature_bin_total", per_minute, feature="wind", **more)]


def predictions(per_minute: tuple[float, ...], **more: str) -> list[dict]:
    return [*referenced(), *counted("sevenfold_prediction_bin_total", per_minute, **more)]


def requests(good: float, bad: float) -> list[dict]:
    return [
        series("sevenfold_requests_total", rising(good), code="200"),
        series("sevenfold_requests_total", rising(bad), code="500"),
    ]


def durations(fast: float, slow: float) -> list[dict]:
    bounds = {"0.01": fast, "0.25": fast, "1.0": fast + slow, "+Inf": fast + slow}
    return [series("sevenfold_request_seconds_bucket", rising(rate), le=le) for le, rate in bounds.items()]


def single(name: str, values: str, **labels: str) -> list[dict]:
    return [series(name, values, **labels)]


def with_gap(rows: list[dict]) -> list[dict]:
    """Leave out six scrapes in the middle, as while Prometheus is down; counters go on meanwhile."""

    def cut(values: str) -> str:
        step = re.fullmatch(r"([\d.]+)\+([\d.]+)x(\d+)", values)
        if step is None:
            level, count = values.split("x")
            return f"{level}x20 _x5 {level}x{int(count) - 26}"
        start, rate, count = float(step[1]), float(step[2]), int(step[3])
        return f"{start}+{rate}x20 _x5 {start + 26 * rate}+{rate}x{count - 26}"

    return [{**row, "values": cut(row["values"])} for row in rows]


# name: what makes it fire, and what is as near to it as can be without a reason to fire
CASES: dict[str, tuple[list[dict], list[dict]]] = {
    "SevenfoldFeatureDrift": (features(MOVED), features(EVEN)),
    "SevenfoldPredictionDrift": (predictions(MOVED), predictions(EVEN)),
    "SevenfoldConstantPrediction": (predictions((0, 0, 100, 0)), predictions((2, 0, 98, 0))),
    "SevenfoldConfidenceCollapse": (predictions((3, 3, 94, 0)), predictions((20, 10, 70, 0))),
    "SevenfoldOutcomeNeverPredicted": (predictions((60, 40, 0, 0)), predictions((60, 39, 1, 0))),
    "SevenfoldNonFinitePrediction": (
        single("sevenfold_nonfinite_total", "0x50 1x10"),
        single("sevenfold_nonfinite_total", "1x60"),
    ),
    "SevenfoldLatencyHigh": (durations(90, 10), durations(100, 0.5)),
    "SevenfoldErrorRateHigh": (requests(97, 3), requests(99.5, 0.5)),
    "SevenfoldNotReady": (single("sevenfold_ready", "1x40 0x20"), single("sevenfold_ready", "1x57 0x3")),
    "SevenfoldBundleRefused": (
        single("sevenfold_model_load_rejected_total", "0x50 1x10", reason="integrity"),
        single("sevenfold_model_load_rejected_total", "1x60", reason="integrity"),
    ),
}


def run(folder: Path, given: list[dict], tests: dict[str, Any], section: MonitoringSection = SECTION) -> str:
    """Run one promtool unit test; return what it prints, empty where it passes."""
    (folder / "rules.yaml").write_text(to_yaml(rule_groups(NAME, section, ServiceLevel())))
    case = {"interval": "1m", "input_series": given, **tests}
    unit = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (folder / "test.yaml").write_text(yaml.safe_dump(unit))
    done = subprocess.run([PROMTOOL, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def firing(folder: Path, given: list[dict], at: int = MINUTES, section: MonitoringSection = SECTION) -> set[str]:
    """Return the names of the alerts that fire: asked of ALERTS, so that labels need not be spelt out."""
    asked = repr((given, at, section))
    if asked not in FIRED:
        FIRED[asked] = _firing(folder, given, at, section)
    return FIRED[asked]


FIRED: dict[str, set[str]] = {}


def _firing(folder: Path, given: list[dict], at: int, section: MonitoringSection) -> set[str]:
    tests = {"promql_expr_test": [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{at}m", "exp_samples": []}]}
    output = run(folder, given, tests, section)
    return set(re.findall(r'alertname="(\w+)"', output))


def test_every_alert_is_tested():
    assert set(CASES) == {alert.name for alert in alerts(SELECTOR, SECTION, ServiceLevel())}


@needs_promtool
@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_for_its_reason(name, tmp_path):
    assert name in firing(tmp_path, CASES[name][0])


@needs_promtool
@pytest.mark.parametrize("name", CASES)
def test_it_stays_quiet_without_one(name, tmp_path):
    assert name not in firing(tmp_path, CASES[name][1])


@needs_promtool
@pytest.mark.parametrize("name", CASES)
def test_a_gap_in_what_was_scraped_changes_nothing(name, tmp_path):
    assert name in firing(tmp_path, with_gap_where_it_can(CASES[name][0]))
    assert name not in firing(tmp_path, with_gap_where_it_can(CASES[name][1]))


def with_gap_where_it_can(rows: list[dict]) -> list[dict]:
    return (
        with_gap(rows)
        if all(" " not in row["values"] for row in rows)
        else [
            {**row, "values": row["values"].replace("x40 ", "x19 _x5 1x15 ").replace("0x50 ", "0x30 _x5 0x14 ")}
            for row in rows
        ]
    )


@needs_promtool
@pytest.mark.parametrize("name", CASES)
def test_what_is_absent_is_unknown_and_never_looks_fine(name, tmp_path):
    fired = firing(tmp_path, single("up", f"1x{MINUTES}"))
    assert f"{name}Unknown" in fired
    assert name not in fired
    assert f"{name}Unknown" not in firing(tmp_path, CASES[name][1])


@needs_promtool
def test_the_watchdog_always_fires(tmp_path):
    assert WATCHDOG in firing(tmp_path, single("up", f"_x{MINUTES}"))


@needs_promtool
def test_too_few_rows_are_no_drift(tmp_path):
    few = tuple(rate / 10 for rate in MOVED)  # 100 rows a window
    assert "SevenfoldFeatureDrift" not in firing(tmp_path, features(few))


@needs_promtool
def test_one_drifted_window_of_three_is_not_enough(tmp_path):
    def text(before: float, after: float) -> str:
        return f"{rising(before, minutes=50)} {rising(after, minutes=9, start=50 * before + after)}"

    bins = [
        series("sevenfold_feature_bin_total", text(before, after), bin=bin_name, feature="wind")
        for bin_name, before, after in zip(BINS, EVEN, MOVED, strict=True)
    ]
    rows = referenced() + bins
    assert recorded(tmp_path, rows, "sevenfold:feature_drifted") == 1
    assert "SevenfoldFeatureDrift" not in firing(tmp_path, rows)


@needs_promtool
@pytest.mark.parametrize("case", ["steady", "two replicas", "restarted", "young", "gone"])
def test_the_recorded_drift_is_that_of_the_python_formula(case, tmp_path):
    rng = np.random.default_rng(3)
    pods = [rng.integers(5, 60, len(BINS)) for _ in range(2 if case == "two replicas" else 1)]
    window = SECTION.window_minutes
    counts = sum(pods) * window
    rows = list(referenced())
    for pod, rates in enumerate(pods):
        for bin_name, rate in zip(BINS, rates.tolist(), strict=True):
            text = rising(rate)
            if case == "restarted":  # at a scrape, so that nothing is lost; increase() then is exact but for its edges
                text = f"{rising(rate, minutes=54)} {rising(rate, minutes=5)}"
            if case == "young":
                text = f"_x55 {rising(rate, minutes=4)}"
            if case == "gone":
                text = f"{rising(rate, minutes=55)} _x4"
            labels = {"bin": bin_name, "feature": "wind", "pod": f"p{pod}"}
            rows.append(series("sevenfold_feature_bin_total", text, **labels))
    if case == "young":
        counts = counts // window * 4
    if case == "gone":
        counts = counts // window * 5
    expected = window_drift("w", {"wind": counts}, reference(), SECTION).features[0]
    psi = recorded(tmp_path, rows, 'sevenfold:feature_psi{feature="wind"}')
    assert psi == pytest.approx(expected.psi, rel=0.02 if case == "restarted" else 1e-6)
    flag = recorded(tmp_path, rows, 'sevenfold:feature_drifted{feature="wind"}')
    assert bool(flag) == expected.drifted


@needs_promtool
def test_the_approximate_limit_of_the_predictions_is_near_the_exact_one(tmp_path):
    limit = recorded(tmp_path, predictions(EVEN), "sevenfold:prediction_chi_squared_limit")
    assert limit == pytest.approx(chi_squared_quantile(1 - SECTION.significance, len(BINS) - 1), rel=0.03)
    psi = recorded(tmp_path, predictions(MOVED), "sevenfold:prediction_psi")
    counts = np.array(MOVED) * SECTION.window_minutes
    (feature,) = window_drift("w", {"prediction": counts}, reference(), SECTION).features
    assert psi == pytest.approx(feature.psi, rel=1e-6)


def reference() -> Reference:
    bins = FeatureBins(kind="number", edges=(1, 2), names=BINS, counts=REFERENCE)
    return Reference(rows=sum(REFERENCE), features={"wind": bins}, prediction=bins)


def recorded(folder: Path, given: list[dict], expression: str) -> float:
    output = run(
        folder, given, {"promql_expr_test": [{"expr": expression, "eval_time": f"{MINUTES}m", "exp_samples": []}]}
    )
    values = re.findall(r"\} (\S+)$", output, re.MULTILINE)
    assert len(values) == 1, output
    return float(values[0])
