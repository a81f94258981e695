"""Fixtures for the report: a made-up run of all seven stages."""

from __future__ import annotations

import pytest
from report_demo import HOSTILE, demo_reports

from sevenfold.report import Report


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def demo() -> list[Report]:
    return demo_reports()
