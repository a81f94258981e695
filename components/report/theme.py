"""Drawing: a chart's specification as a static SVG whose colours and fonts come from the page's style sheet."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

from sevenfold.contracts.errors import MissingExtraError, PolicyError
from sevenfold.report.model import Chart

__all__ = ["COLUMN", "PHONE", "ROW", "SERIES", "draw"]

VEGA_LITE = "5.21"
COLUMN, ROW, PHONE = 410, 1040, 340  # widths in pixels of a chart in the grid, across it, and across a phone
SERIES = 8
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
    "axisX": {"grid": False},
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
    # Of these a single mark stands for many values: Vega would tell the first.
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


_UNUSED = frozenset({"class", "role", "version", "pointer-events", "font-family", "stroke-miterlimit"})
_DEFAULTS = frozenset(
    {("opacity", "1"), ("stroke-width", "1"), ("transform", "translate(0,0)"), ("text-anchor", "start")}
)
_COORDINATES = frozenset({"d", "transform", "x", "x1", "x2", "y", "y1", "y2", "width", "height"})


def draw(chart: Chart, width: int) -> str:
    """Return the chart as an SVG element `width` pixels wide in all, without a size of its own: it fills its place.

    Marks carry their values as `<title>`, which browsers show as a tooltip. No network and no file is read.

    Raises:
        MissingExtraError: if vl-convert-python is not installed.
        PolicyError: ``outside_data`` if the specification wants data from elsewhere.
        ValueError: if the specification is not Vega-Lite.
    """
    _refuse_addresses(chart.spec, chart.title)
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert-python", "report") from error
    sized = {"autosize": {"type": "fit-x", "contains": "padding"}, **chart.spec, "width": width}
    svg: str = vl_convert.vegalite_to_svg(sized, vl_version=VEGA_LITE, config=CONFIG, allowed_base_urls=[])
    return _slimmed(svg, chart.alt)


def _refuse_addresses(part: Any, title: str) -> None:
    if isinstance(part, dict):
        if "url" in part and "values" not in part:
            raise PolicyError(
                "outside_data",
                f"A chart holds its data inside, but {title!r} names an address.",
                remedy="Put the rows under data.values.",
            )
        for key, value in part.items():
            if key != "values":
                _refuse_addresses(value, title)
    elif isinstance(part, list):
        for value in part:
            _refuse_addresses(value, title)


def _slimmed(svg: str, alt: str) -> str:
    """Keep what is drawn: drop Vega's scaffolding, turn descriptions into tooltips, name the picture.

    Vega escapes `<`, `>` and quotes in texts and attributes, so a tag is what stands between `<` and `>`.
    """
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    svg = re.sub(r"<[a-z][^>]*>", _slimmed_tag, svg)
    svg = re.sub(r"<g(?: [^>]*[^>/])?></g>|<g/>", "", svg)
    size = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    room = f' style="max-width:{float(size[1]) * 1.2:.0f}px"' if size else ""
    return f'<svg role="img" aria-label="{escape(alt, quote=True)}"{room}' + svg.removeprefix("<svg")


def _slimmed_tag(found: re.Match[str]) -> str:
    tag = found[0]
    name = re.match(r"<(\w+)", tag)[1]  # type: ignore[index]  # every match starts with a name
    given = dict(re.findall(r' ([\w:-]+)="([^"]*)"', tag))
    kept = {key: _rounded(key, value) for key, value in given.items() if _is_drawn(name, key, value)}
    end = "/>" if tag.endswith("/>") else ">"
    told = given.get("aria-label") if given.get("role") == "graphics-symbol" and name != "g" else ""
    start = f"<{name}" + "".join(f' {key}="{value}"' for key, value in kept.items())
    return f"{start}><title>{told}</title></{name}>" if told and end == "/>" else start + end


def _is_drawn(tag: str, key: str, value: str) -> bool:
    unused = key in _UNUSED or key.startswith(("aria-", "xmlns")) or (key, value) in _DEFAULTS
    return not unused and not (tag == "svg" and key in ("width", "height"))


def _rounded(key: str, value: str) -> str:
    """Round coordinates to a tenth of a pixel."""
    if key not in _COORDINATES:
        return value
    return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)
