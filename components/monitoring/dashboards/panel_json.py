"""A panel as Grafana's JSON has it: kind, queries, field options, and the options of the kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sevenfold.monitoring.dashboards.panel import Column, Panel, Step, Word

__all__ = ["SOURCE", "panel_json"]

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_LEGEND: Final = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "status-history": {
        "showValue": "never",
        "rowHeight": 0.9,
        "legend": _LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "barchart": {
        "xField": "bin",
        "orientation": "vertical",
        "barWidth": 0.9,
        "groupWidth": 0.7,
        "stacking": "none",
        "showValue": "never",
        "xTickLabelRotation": 0,
        "xTickLabelMaxLength": 24,
        "fullHighlight": False,
        "legend": _LEGEND,
        "tooltip": {"mode": "multi", "sort": "none"},
    },
}


def panel_json(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    """Return a panel at a place of the grid, under a number of its own."""
    transformations = _transformations(panel)
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": _targets(panel),
        **({"interval": panel.interval} if panel.interval else {}),
        **({"transformations": transformations} if transformations else {}),
        "options": _OPTIONS[panel.kind],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_override(column) for column in panel.columns]},
    }


def _targets(panel: Panel) -> list[dict[str, Any]]:
    tabular = panel.kind in ("table", "barchart")
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
            "format": "table" if tabular else "time_series",
            "instant": query.instant,
            "range": not query.instant,
        }
        for index, query in enumerate(panel.queries)
    ]


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Join the answers of several queries by their labels, and name and order what a table shows."""
    if panel.kind == "barchart":
        names = {f"Value #{chr(ord('A') + index)}": query.legend for index, query in enumerate(panel.queries)}
        order = {"bin": 0, **{field: place for place, field in enumerate(names, start=1)}}
    elif panel.kind == "table":
        names = {column.field: column.title for column in panel.columns}
        order = {column.field: place for place, column in enumerate(panel.columns)}
    else:
        return []
    organize = {"renameByName": names, "indexByName": order, "excludeByName": {"Time": True}}
    merge = [{"id": "merge", "options": {}}] if len(panel.queries) > 1 else []
    return [*merge, {"id": "organize", "options": organize}]


def _defaults(panel: Panel) -> dict[str, Any]:
    coloured = bool(panel.steps or panel.words) and panel.kind != "timeseries"
    steps = panel.steps or (Step("text" if panel.kind == "stat" else "green"),)
    return {
        "unit": panel.unit,
        **({"min": panel.minimum} if panel.minimum is not None and panel.kind in ("timeseries", "barchart") else {}),
        **({"noValue": "unknown"} if panel.kind == "stat" else {}),
        "mappings": _mappings(panel.words),
        "color": {"mode": "thresholds" if coloured or panel.kind == "stat" else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": _steps(steps)},
        "custom": _custom(panel),
    }


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.kind == "barchart":
        return {"fillOpacity": 70, "lineWidth": 0}
    if panel.kind == "table":
        return {"align": "auto", "filterable": False}
    if panel.kind == "status-history":
        return {"fillOpacity": 75, "lineWidth": 0}
    if panel.kind == "stat":
        return {}
    return {
        "drawStyle": "bars" if panel.bars else "line",
        "fillOpacity": 60 if panel.stacked else 8,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,  # a gap stays a gap: nobody knows
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
    }


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{"color": step.colour, "value": step.value} for step in steps]


def _mappings(words: Sequence[Word]) -> list[dict[str, Any]]:
    results = [(word, {"text": word.text, "color": word.colour, "index": place}) for place, word in enumerate(words)]
    known = {f"{word.value:g}": result for word, result in results if word.value is not None}
    missing = [result for word, result in results if word.value is None]
    return [
        *([{"type": "value", "options": known}] if known else []),
        *({"type": "special", "options": {"match": "null+nan", "result": result}} for result in missing),
    ]


def _override(column: Column) -> dict[str, Any]:
    properties: list[dict[str, Any]] = [{"id": "unit", "value": column.unit}]
    if column.words:
        properties.append({"id": "mappings", "value": _mappings(column.words)})
    if column.steps:
        properties.append({"id": "thresholds", "value": {"mode": "absolute", "steps": _steps(column.steps)}})
    if column.words or column.steps:
        properties += [
            {"id": "color", "value": {"mode": "thresholds"}},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        ]
    if column.board:
        properties.append({"id": "links", "value": [_link(column)]})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def _link(column: Column) -> dict[str, Any]:
    chosen = "var-namespace=${__data.fields.Namespace}&var-model=${__data.fields.Model}"
    return {
        "title": f"{column.title} in detail",
        "url": f"/d/{column.board}?${{datasource:queryparam}}&{chosen}&${{__url_time_range}}",
        "targetBlank": False,
    }
