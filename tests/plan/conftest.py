import pytest
from houses import SOLD_HOUSES

from sevenfold.plan import Plan, parse_plan

MINIMAL = SOLD_HOUSES


@pytest.fixture
def text() -> str:
    return MINIMAL


@pytest.fixture
def plan(text: str) -> Plan:
    return parse_plan(text)
