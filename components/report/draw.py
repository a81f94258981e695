"""Drawing: the specification of a chart as a static SVG that needs no script and no network."""

from __future__ import annotations

import re
from functools import partial
from html import escape
from typing import Any

from sevenfold.contracts.errors import MissingExtraError, PolicyError
from sevenfold.report.model import Chart
from sevenfold.report.theme import CONFIG, VEGA_LITE
from sevenfold.report.xml_text import in_one_unit, in_xml, throughout

__all__ = ["draw"]

# Attributes of Vega's SVG that change nothing, or that the page sets itself.
_UNUSED = frozenset({"class", "role", "version", "pointer-events", "font-family", "stroke-miterlimit"})
_DEFAULTS = frozenset(
    {("opacity", "1"), ("stroke-width", "1"), ("transform", "translate(0,0)"), ("text-anchor", "start")}
)
_COORDINATES = frozenset({"d", "transform", "x", "x1", "x2", "y", "y1", "y2", "width", "height"})


def draw(chart: Chart, width: int) -> str:
    """Return the chart as an SVG element laid out for `width` pixels; the element has no size and fills its parent.

    Marks carry their values as `<title>`, which browsers show as a tooltip. Neither the network nor a file is read.
    A character that XML has no way to write is shown as U+FFFD. So is each of two units of UTF-16, where a label is cut
    between the two.

    Raises:
        MissingExtraError: if vl-convert-python is not installed.
        PolicyError: ``outside_data`` if the specification names data outside itself.
        ValueError: if the specification is not Vega-Lite.
    """
    _refuse_addresses(chart.spec, chart.title)
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert-python", "report") from error
    spec = throughout(chart.spec, in_xml)
    sized = {"autosize": {"type": "fit-x", "contains": "padding"}, **spec, "width": width}
    convert = partial(vl_convert.vegalite_to_svg, vl_version=VEGA_LITE, config=CONFIG, allowed_base_urls=[])
    try:
        svg = convert(sized)
    except ValueError:  # Vega cuts a label between two units, and vl-convert 1.9 cannot take half of a character
        plain = throughout(sized, in_one_unit)
        if plain == sized:
            raise
        svg = convert(plain)
    return _slimmed(svg, in_xml(chart.alt))


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
    """Drop Vega's scaffolding, turn descriptions into tooltips, and name the picture.

    Vega escapes `<`, `>` and quotes in texts and attributes, so each tag ends at the next `>`.
    """
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    svg = re.sub(r"<[a-z][^>]*>", _slimmed_tag, svg)
    svg = re.sub(r"<g(?: [^>]*[^>/])?></g>|<g/>", "", svg)
    size = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    limit = f' style="max-width:{float(size[1]) * 1.2:.0f}px"' if size else ""
    return f'<svg role="img" aria-label="{escape(alt, quote=True)}"{limit}' + svg.removeprefix("<svg")


def _slimmed_tag(match: re.Match[str]) -> str:
    tag = match[0]
    name = re.match(r"<(\w+)", tag)[1]  # type: ignore[index]  # every match starts with a name
    attributes = dict(re.findall(r' ([\w:-]+)="([^"]*)"', tag))
    kept = {key: _rounded(key, value) for key, value in attributes.items() if _is_drawn(name, key, value)}
    end = "/>" if tag.endswith("/>") else ">"
    tooltip = attributes.get("aria-label") if attributes.get("role") == "graphics-symbol" and name != "g" else ""
    start = f"<{name}" + "".join(f' {key}="{value}"' for key, value in kept.items())
    return f"{start}><title>{tooltip}</title></{name}>" if tooltip and end == "/>" else start + end


def _is_drawn(tag: str, key: str, value: str) -> bool:
    unused = key in _UNUSED or key.startswith(("aria-", "xmlns")) or (key, value) in _DEFAULTS
    return not unused and not (tag == "svg" and key in ("width", "height"))


def _rounded(key: str, value: str) -> str:
    """Round coordinates to a tenth of a pixel."""
    if key not in _COORDINATES:
        return value
    return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)
