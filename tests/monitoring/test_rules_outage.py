"""An outage of a quarter of an hour: nothing is decided from it, it is told as unknown, and the alert comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from promtool import OUTAGE, Promtool, promtools, with_outage
from rule_cases import CASES, RETRAIN_CASES

from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

MANIFESTS = Path(__file__).parents[2] / "manifests" / "components"
RULES = to_yaml(rule_groups("flights", MonitoringSection(window_minutes=10), ServiceLevel()))
RETRAIN = (MANIFESTS / "retrain-monitoring/files/rules.yml").read_text()
ALL = CASES | RETRAIN_CASES
BACK = 30  # the outage begins so many minutes before the end
OVER = BACK - OUTAGE - 1  # and what was scraped again is known so many before it

pytestmark = pytest.mark.skipif(not promtools(), reason="promtool is not installed")


@pytest.fixture(params=promtools() or [""])
def program(request: pytest.FixtureRequest) -> str:
    """Every version at hand."""
    return str(request.param)


@pytest.mark.parametrize("name", ALL)
def test_an_outage_decides_nothing_and_is_told(program: str, name: str) -> None:
    case, twin = ALL[name], f"{name}Unknown"
    promtool = Promtool(program, RETRAIN if name in RETRAIN_CASES else RULES)
    moments = (OVER + 1, OVER, OVER - 1, OVER - 5, 0)

    quiet = promtool.firing_since(with_outage(case.quiet, case.at - BACK), case.at, moments)
    assert not any(name in fired for fired in quiet.values()), "what is unknown was taken for a reason"
    assert [minutes for minutes, fired in quiet.items() if twin in fired] == [OVER + 1]

    fires = promtool.firing_since(with_outage(case.fires, case.at - BACK), case.at, moments)
    assert twin in fires[OVER + 1], "what is unknown looked fine"
    assert name in fires[0], "the alert did not come back"
