"""The theme of charts: their widths, and Vega-Lite's configuration with colours from the page's style sheet."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["COLUMN", "CONFIG", "PHONE", "ROW", "VEGA_LITE"]

VEGA_LITE = "5.21"
COLUMN, ROW, PHONE = 410, 1040, 340  # widths in pixels of a chart in the grid, across it, and across a phone
SERIES = 8  # colours of the style sheet
FONT = "Helvetica, Arial, sans-serif"

_LIMITS: dict[str, dict[str, Any]] = {}
for _level in ("info", "bad"):
    _LIMITS[f"limit-{_level}"] = {"color": f"var(--{_level})", "strokeWidth": 1.2, "strokeDash": [5, 3]}
    _LIMITS[f"limit-{_level}-text"] = {"color": f"var(--{_level})", "fontSize": 11}

CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "labelFontSize": 11.5,
        "labelLimit": 150,
        "labelPadding": 6,
        "titlePadding": 8,
        "gridColor": "var(--grid)",
        "domainColor": "var(--rule)",
        "tickColor": "var(--rule)",
        "tickSize": 4,
    },
    "axisY": {"domain": False, "ticks": False},
    "axisX": {"grid": False, "labelSeparation": 6},
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "labelColor": "var(--ink)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "titleFontSize": 11.5,
        "labelFontSize": 11.5,
        "labelLimit": 180,
        "symbolSize": 70,
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "symbolOpacity": 1,
        "columnPadding": 14,
        "columns": 4,
        "gradientLength": 180,
        "gradientThickness": 10,
        "offset": 8,
        "padding": 0,
    },
    "scale": {"bandPaddingInner": 0.28, "bandPaddingOuter": 0.14},
    "range": {"category": [f"var(--series-{i + 1})" for i in range(SERIES)]},
    "mark": {"color": "var(--series-1)"},
    # One such mark stands for many values, and Vega would describe the first of them.
    **{mark: {"aria": False} for mark in ("line", "area", "rule", "text")},
    "style": {
        "trace": {"strokeWidth": 2, "strokeJoin": "round", "strokeCap": "round"},
        "target": {"filled": True, "opacity": 0, "size": 140},
        "spot": {"filled": True, "opacity": 0.95, "size": 42},
        "dot": {"filled": True, "opacity": 1, "size": 64},
        "cloud": {"aria": False, "filled": True, "opacity": 0.28, "size": 16},
        "band": {"opacity": 0.16, "line": False},
        "guide": {"color": "var(--rule)", "strokeWidth": 1.2, "strokeDash": [4, 4]},
        "strip": {"cornerRadiusEnd": 2},
        "column": {"cornerRadiusEnd": 2},
        "bin": {"opacity": 0.85, "binSpacing": 1},
        "bin-over": {"opacity": 0.5, "binSpacing": 0},
        "whisker": {"color": "var(--ink)", "strokeWidth": 1.4, "opacity": 0.65},
        "cell": {"stroke": "var(--card)", "strokeWidth": 1.5},
        "cell-text": {"fontSize": 11.5},
        **_LIMITS,
    },
}
