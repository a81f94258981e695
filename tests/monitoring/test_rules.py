"""The alerts, run by Prometheus itself (promtool), each in five ways: it fires, it does not, and neither a gap in what
was scraped nor a restart nor silence is taken for anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from promtool import MINUTES, Promtool, Series, promtools, restarted, series, steps, with_gap
from rule_cases import CASES, RETRAIN_CASES, features

from sevenfold.monitoring.alerts import WATCHDOG
from sevenfold.monitoring.concept_alerts import CONCEPT_DRIFT
from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

MANIFESTS = Path(__file__).parents[2] / "manifests" / "components"
ALL = CASES | RETRAIN_CASES
RULES = rule_groups("flights", MonitoringSection(window_minutes=10), ServiceLevel())
RETRAIN = yaml.safe_load((MANIFESTS / "retrain-monitoring/files/rules.yml").read_text())
NOTHING = (series("up", steps((1, MINUTES + 1))),)
Befalls = Callable[[Sequence[Series]], Sequence[Series]]

pytestmark = pytest.mark.skipif(not promtools(), reason="promtool is not installed")


@pytest.fixture(params=promtools() or [""])
def program(request: pytest.FixtureRequest) -> str:
    """Every version at hand."""
    return str(request.param)


@pytest.fixture
def promtool(program: str) -> Promtool:
    """It runs the rules of one model."""
    return Promtool(program, to_yaml(RULES))


def runs_the_rules_of(name: str, program: str) -> Promtool:
    return Promtool(program, to_yaml(RETRAIN if name in RETRAIN_CASES else RULES))


def as_it_is(rows: Sequence[Series]) -> Sequence[Series]:
    return rows


def names(rules: dict) -> set[str]:
    return {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}


def test_every_alert_is_tested_in_all_five_ways() -> None:
    labelled = {CONCEPT_DRIFT, f"{CONCEPT_DRIFT}Unknown"}  # in test_concept_rules: they take labels of an hour
    made = (names(RULES) | names(RETRAIN)) - labelled
    assert made == {*ALL, *(f"{name}Unknown" for name in ALL), WATCHDOG}
    for file in ("monitoring/files/rules.yml", "prometheus-operator/predictor-prometheusrule.yaml"):
        document = yaml.safe_load((MANIFESTS / file).read_text())
        assert names(document.get("spec", document)) == names(RULES), file
    for name, case in ALL.items():
        assert case.fires and case.quiet, name
        befallen = [befalls(rows) for befalls in (with_gap, restarted) for rows in (case.fires, case.quiet)]
        assert all(rows not in ([*case.fires], [*case.quiet]) for rows in befallen), f"nothing befalls {name}"


@pytest.mark.parametrize("befalls", [as_it_is, with_gap, restarted])
@pytest.mark.parametrize("name", ALL)
def test_an_alert_fires_for_its_reason(program: str, name: str, befalls: Befalls) -> None:
    assert name in runs_the_rules_of(name, program).firing(befalls(ALL[name].fires), ALL[name].at)


@pytest.mark.parametrize("befalls", [as_it_is, with_gap, restarted])
@pytest.mark.parametrize("name", ALL)
def test_it_stays_quiet_without_one(program: str, name: str, befalls: Befalls) -> None:
    fired = runs_the_rules_of(name, program).firing(befalls(ALL[name].quiet), ALL[name].at)
    assert name not in fired
    assert f"{name}Unknown" not in fired


@pytest.mark.parametrize("name", ALL)
def test_what_is_absent_is_unknown_and_never_looks_fine(program: str, name: str) -> None:
    fired = runs_the_rules_of(name, program).firing(NOTHING)
    assert f"{name}Unknown" in fired
    assert name not in fired


def test_the_watchdog_always_fires(promtool: Promtool) -> None:
    assert WATCHDOG in promtool.firing(())


def test_too_few_rows_are_no_drift(promtool: Promtool) -> None:
    assert "SevenfoldFeatureDrift" not in promtool.firing(features((1, 3, 6, 0)))  # 100 rows a window


def test_one_drifted_window_of_three_is_not_enough(promtool: Promtool) -> None:
    def late(row: Series) -> Series:
        """The rows are spread evenly until the last ten minutes."""
        even = {"low": 40, "middle": 30, "high": 30, "missing": 0}[dict(row.labels)["bin"]]
        rate = (row.values[1] or 0.0) - (row.values[0] or 0.0)
        values = [even * min(at, 50) + rate * max(at - 50, 0) for at in range(MINUTES + 1)]
        return series(row.name, values, **{key: value for key, value in row.labels if key in ("bin", "feature", "pod")})

    rows = [late(row) if row.counts else row for row in features((10, 30, 60, 0))]
    assert list(promtool.values(rows, "sevenfold:feature_drifted").values()) == [1]
    assert "SevenfoldFeatureDrift" not in promtool.firing(rows)


def test_of_several_models_one_that_is_gone_is_missed_by_name(program: str) -> None:
    rules = (MANIFESTS / "monitoring/files/rules.yml").read_text()
    every = Promtool(program, rules)
    there = series("sevenfold_ready", steps((1, MINUTES + 1)), model="there")
    gone = series("sevenfold_ready", [1.0] * 30 + [None] * 31, model="gone")
    fired = every.values((there, gone), 'ALERTS{alertname="SevenfoldNotReadyUnknown", alertstate="firing"}')
    assert len(fired) == 1
    assert 'model="gone"' in next(iter(fired))
    assert every.values((there,), 'ALERTS{alertname="SevenfoldNotReadyUnknown"}') == {}
