"""The parts that charts share: axes, limits, whiskers, bands, the legend, the frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sevenfold.report.charts.values import MeasureKind, json_value
from sevenfold.report.model import Chart

__all__ = [
    "Axis",
    "Limit",
    "Spec",
    "band",
    "diagonal",
    "framed",
    "is_crowded",
    "limit_layers",
    "limits_on",
    "series_colour",
    "whiskers",
]

Spec = dict[str, Any]
LEGEND_CHARACTERS = 46  # of one row of the legend, in the narrowest chart
AXIS_CHARACTERS = 60  # of all names on a horizontal axis, in the narrowest chart
SHORT_DAYS = 10 / 1_440  # within ten minutes two labels of one minute are alike
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """How one axis is drawn.

    `order` fixes the order of names (default: order of appearance); `domain` the ends of numbers; `format` is a d3
    number or time format; `zero` makes a number axis start at 0.
    """

    title: str
    kind: MeasureKind = "quantitative"
    log: bool = False
    percent: bool = False
    domain: tuple[float, float] | None = None
    order: tuple[str, ...] = ()
    format: str = ""
    zero: bool = False
    grid: bool = True

    @classmethod
    def of_moments(cls, title: str, milliseconds: Sequence[int], *, form: str = "") -> Axis:
        """Return an axis of moments whose labels suit the time between the first and the last."""
        days = (max(milliseconds, default=0) - min(milliseconds, default=0)) / 86_400_000
        short = "%H:%M" if days > SHORT_DAYS or days == 0 else "%H:%M:%S"
        fitting = "%Y" if days > 2_000 else "%b %Y" if days > 75 else "%d %b" if days > 3 else short
        return cls(title=title, kind="temporal", format=form or fitting)

    def holding(self, values: Iterable[object]) -> Axis:
        """Return this axis with room on both sides of the value, where it is drawn from numbers that are all equal.

        An axis without an extent has one label, rounded to a whole number: a single score of 0.37 stood at 0.
        """
        known = {value for value in values if isinstance(value, int | float)}
        if len(known) != 1 or self.kind != "quantitative" or self.domain is not None or self.zero:
            return self
        (only,) = known
        if self.log:
            return replace(self, domain=(only / 2, only * 2))
        room = 1 if isinstance(only, int) else abs(only) / 10 or 1
        return replace(self, domain=(only - room, only + room))

    def encoding(self, field: str) -> Spec:
        """Return the Vega-Lite encoding of `field` on this axis."""
        axis: Spec = {"title": self.title or None, "grid": self.grid and not self.log and self.kind != "nominal"}
        encoding: Spec = {"field": field, "type": self.kind, "axis": axis}
        text = self.format or (".0%" if self.percent else "")
        if text:
            axis["format"] = text
        if self.kind == "nominal":
            encoding["sort"] = list(self.order) or None
            axis["labelAngle"] = 0
            axis["labelOverlap"] = field == "x"
        elif self.kind == "temporal":
            encoding["scale"] = {"type": "utc"}
            axis["tickCount"] = 5
        else:
            scale: Spec = {"type": "log", "nice": False} if self.log else {"zero": self.zero}
            if self.domain is not None:
                scale["domain"] = [json_value(end) for end in self.domain]
                scale["nice"] = False
            encoding["scale"] = scale
            axis["tickCount"] = 5
        return encoding


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A line to compare values with, such as a gate; `level` colours it."""

    value: float
    label: str = ""
    on: Literal["x", "y"] = "y"
    level: Literal["info", "bad"] = "bad"


def limit_layers(limits: Sequence[Limit], titles: Mapping[str, str]) -> list[Spec]:
    """Return the layers that draw limits over a chart; `titles` are those of its axes, "x" and "y"."""
    layers: list[Spec] = []
    for limit in limits:
        other = "x" if limit.on == "y" else "y"
        data = {"values": [{"at": json_value(limit.value), "note": limit.label}]}
        position: Spec = {
            limit.on: {"field": "at", "type": "quantitative", "title": titles[limit.on] or None},
            other: None,
        }
        layers.append({"data": data, "mark": {"type": "rule", "style": f"limit-{limit.level}"}, "encoding": position})
        if limit.label:
            end = {other: {"value": "width" if limit.on == "y" else 0}}
            shift = {"align": "right", "dy": -6} if limit.on == "y" else {"align": "left", "dx": 4, "dy": 8}
            mark = {"type": "text", "style": f"limit-{limit.level}-text", **shift}
            text = {"text": {"field": "note", "type": "nominal"}}
            layers.append({"data": data, "mark": mark, "encoding": {**position, **end, **text}})
    return layers


def limits_on(limits: Sequence[Limit], axis: str) -> list[Limit]:
    """Return the limits moved to `axis`, "x" or "y"."""
    return [replace(limit, on="x" if axis == "x" else "y") for limit in limits]


def diagonal(low: float, high: float) -> Spec:
    """Return the layer of a dashed line from (low, low) to (high, high)."""
    ends = [{"x": json_value(low), "y": json_value(low)}, {"x": json_value(high), "y": json_value(high)}]
    encoding = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
    return {"data": {"values": ends}, "mark": {"type": "line", "style": "guide"}, "encoding": encoding}


def band(colour: Spec | None, *, stepped: bool = False) -> Spec:
    """Return the layer of an area between the fields `low` and `high`."""
    encoding: Spec = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    if colour:
        encoding["color"] = {**colour, "legend": None}
    mark: Spec = {"type": "area", "style": "band"}
    if stepped:
        mark["interpolate"] = "step-after"
    return {"transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}], "mark": mark, "encoding": encoding}


def whiskers(axis: str) -> Spec:
    """Return the layer of error bars along `axis`, between the fields `low` and `high`."""
    ends = {axis: {"field": "low", "type": "quantitative"}, f"{axis}2": {"field": "high"}}
    keep = {"filter": "isValid(datum.low) && isValid(datum.high)"}
    return {"transform": [keep], "mark": {"type": "rule", "style": "whisker"}, "encoding": ends}


def series_colour(names: Sequence[str]) -> Spec:
    """Return the colour encoding of the field `series`, with the names in the order given."""
    longest = max((len(str(name)) for name in names), default=0)
    columns = max(1, min(4, LEGEND_CHARACTERS // (longest + 4)))
    legend = {"title": None, "columns": columns} if len(names) > 1 else None
    return {"field": "series", "type": "nominal", "scale": {"domain": list(names)}, "legend": legend}


def is_crowded(labels: Sequence[str]) -> bool:
    """Return whether names side by side on a horizontal axis would collide, so that they must be tilted."""
    return sum(map(len, labels)) > AXIS_CHARACTERS


def framed(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    body: Spec,
    *,
    height: int | Spec,
    caption: str,
    alt: str,
    wide: bool,
) -> Chart:
    """Return the chart of `body` over `rows`; the page decides its width."""
    spec: Spec = {"$schema": SCHEMA, "data": {"values": [dict(row) for row in rows]}, "height": height, **body}
    return Chart(title=title, spec=spec, alt=alt or title, caption=caption, wide=wide)
