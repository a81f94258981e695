"""A dashboard as Grafana's JSON has it: choices, annotations, links to the others, and panels in a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sevenfold.monitoring.dashboards.panel import Annotation, Board, Panel, Variable
from sevenfold.monitoring.dashboards.panel_json import SOURCE, panel_json

__all__ = ["TAG", "document"]

TAG: Final = "sevenfold"
SCHEMA_VERSION: Final = 39
_COLUMNS: Final = 24


def document(board: Board) -> dict[str, Any]:
    """Return a dashboard of schema 39, which Grafana 11 and newer read.

    Nobody edits it by hand in Grafana: it is written from code, and written anew.
    """
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": board.since, "to": "now"},
        "timezone": "utc",
        "links": [_links()],
        "annotations": {"list": [_annotation(annotation) for annotation in board.annotations]},
        "templating": {"list": [_source(), *(_variable(variable) for variable in board.variables)]},
        "panels": [panel_json(panel, number, x, y) for number, (panel, x, y) in enumerate(_placed(board.panels), 1)],
    }


def _placed(panels: Sequence[Panel]) -> Iterator[tuple[Panel, int, int]]:
    """Place panels from left to right, in a new row where the next one is too wide for the rest of this one."""
    x = y = tallest = 0
    for panel in panels:
        if x + panel.width > _COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        yield panel, x, y
        x, tallest = x + panel.width, max(tallest, panel.height)


def _links() -> dict[str, Any]:
    """Return the links to all dashboards of Sevenfold, which keep the choices and the time."""
    return {
        "type": "dashboards",
        "title": "Sevenfold",
        "tags": [TAG],
        "icon": "external link",
        "tooltip": "",
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


def _source() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    everything = variable.every and not variable.chosen
    text, value = ("All", "$__all") if everything else (variable.chosen, variable.chosen)
    return {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "multi": variable.every,
        "includeAll": variable.every,
        **({"allValue": ".*"} if variable.every else {}),
        **({"current": {"text": text, "value": value}} if value else {}),
    }


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "name": annotation.name,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": annotation.colour,
        "expr": annotation.expression,
        "titleFormat": annotation.title,
        "textFormat": annotation.text,
        "step": "1m",
        "useValueForTime": annotation.moments,
    }
