"""The dashboards are written in Grafana's own types: read by them, each key comes back, and each unit is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from sevenfold.monitoring.dashboards.catalogue import dashboards

DASHBOARDS = dashboards("flights")
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
# What Grafana's Prometheus data source reads of an annotation, and the common schema does not know.
OF_PROMETHEUS = frozenset({"titleFormat", "textFormat", "step", "useValueForTime"})


def paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a document, under its path."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from paths(part, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for place, part in enumerate(value):
            yield from paths(part, f"{path}[{place}]")
    else:
        yield path, value


@pytest.mark.parametrize("key", DASHBOARDS)
def test_grafanas_types_read_every_key_and_write_it_again(key: str) -> None:
    register_default_plugins()
    written = DASHBOARDS[key]
    back = json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))
    known = dict(paths(back))
    for path, value in paths(written):
        if path.startswith(".annotations") and path.rpartition(".")[2] in OF_PROMETHEUS:
            continue
        assert path in known, f"Grafana has no {path}"
        assert known[path] == value, path


def test_a_key_that_grafana_does_not_have_would_be_found() -> None:
    register_default_plugins()
    panel = {**DASHBOARDS["fleet"]["panels"][0], "descripton": "x"}
    back = json.loads(json.dumps(Dashboard.from_json({**DASHBOARDS["fleet"], "panels": [panel]}), cls=JSONEncoder))
    assert ".panels[0].descripton" not in dict(paths(back))


@pytest.mark.parametrize("key", DASHBOARDS)
def test_every_unit_is_one_of_grafanas(key: str) -> None:
    for path, value in paths(DASHBOARDS[key]):
        if path.endswith(".unit"):
            assert value in UNITS, f"{path}: {value}"
    for panel in DASHBOARDS[key]["panels"]:
        assert panel["fieldConfig"]["defaults"]["unit"]
        for override in panel["fieldConfig"]["overrides"]:
            given = {part["id"]: part["value"] for part in override["properties"]}
            assert given["unit"] in UNITS
