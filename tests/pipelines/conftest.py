import pytest

from sevenfold.plan import Plan, parse_plan


@pytest.fixture
def plan() -> Plan:
    return parse_plan(
        """\
version: 1
name: demo
data:
  source: demo.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    y: {kind: category, role: target}
"""
    )
