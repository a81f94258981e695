import pytest

from sevenfold.plan import Plan, parse_plan

MINIMAL = """\
version: 1
name: houses
data:
  source: houses.csv
  target: price
  task: regression
  columns:
    rooms: {kind: integer}
    street: {kind: category}
    sold: {kind: datetime, role: time}
    price: {kind: number, role: target}
"""


@pytest.fixture
def text() -> str:
    return MINIMAL


@pytest.fixture
def plan(text: str) -> Plan:
    return parse_plan(text)
