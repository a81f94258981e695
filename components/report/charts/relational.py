"""Charts of one measure against another: lines and scatter plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.charts.axes import (
    Axis,
    Limit,
    Spec,
    band,
    diagonal,
    framed,
    limit_layers,
    series_colour,
    whiskers,
)
from sevenfold.report.charts.rows import TOOLTIP, flat_rows, series_names, with_tooltips
from sevenfold.report.charts.values import measure_kind, thinned
from sevenfold.report.model import Chart

__all__ = ["lines", "scatter"]

Row = Mapping[str, Any]
LINE_POINTS = 400  # per series: more than the pixels of a chart
SCATTER_POINTS = 1_500
MAX_TOOLTIPS = 120  # points: beyond this many, none has a tooltip
HEIGHT = 240


def lines(
    title: str,
    points: Sequence[Row],
    x: str,
    y: str,
    series: str | None = None,
    *,
    x_title: str = "",
    y_title: str = "",
    low: str = "",
    high: str = "",
    x_log: bool = False,
    y_log: bool = False,
    x_percent: bool = False,
    y_percent: bool = False,
    x_domain: tuple[float, float] | None = None,
    y_domain: tuple[float, float] | None = None,
    y_zero: bool = False,
    x_format: str = "",
    y_format: str = "",
    stepped: bool = False,
    marked: bool = False,
    diagonal_from: tuple[float, float] | None = None,
    limits: Sequence[Limit] = (),
    height: int = HEIGHT,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw one line per series: learning curves, ROC (`diagonal_from=(0, 1)`), drift over time.

    Args:
        title: the chart's name.
        points: one mapping per point, in drawing order.
        x: key of the horizontal values: numbers, moments or names.
        y: key of the vertical values, numbers.
        series: key of the line's name, or None for one line.
        x_title: name of the horizontal axis.
        y_title: name of the vertical axis.
        low: key of the lower end of a band around each line.
        high: key of the upper end.
        x_log: logarithmic horizontal axis; values must be positive.
        y_log: the same, vertical.
        x_percent: write fractions as percent.
        y_percent: the same, vertical.
        x_domain: ends of the horizontal axis.
        y_domain: ends of the vertical axis.
        y_zero: start the vertical axis at 0.
        x_format: d3 format of the horizontal labels.
        y_format: the same, vertical.
        stepped: hold each value until the next point.
        marked: draw each point.
        diagonal_from: ends of a dashed line y = x.
        limits: lines to compare the values with.
        height: pixels of the plot, before scaling.
        caption: a sentence under the chart.
        alt: the chart in words.
        wide: ask for a whole row.
    """
    rows = flat_rows(points, {"x": x, "y": y, "series": series, "low": low, "high": high})
    names = series_names(rows)
    rows = [row for name in names for row in thinned([r for r in rows if r.get("series") == name], LINE_POINTS)]
    kind = measure_kind(point.get(x) for point in points)
    has_points = marked or len(rows) <= MAX_TOOLTIPS
    rows = with_tooltips(rows, x=x_title, y=y_title, kind=kind) if has_points else rows
    x_axis = Axis(title=x_title, kind=kind, log=x_log, percent=x_percent, domain=x_domain, format=x_format)
    if kind == "temporal":
        x_axis = Axis.of_moments(x_title, [row["x"] for row in rows if row["x"] is not None], form=x_format)
    y_axis = Axis(title=y_title, log=y_log, percent=y_percent, domain=y_domain, zero=y_zero, format=y_format)
    colour = series_colour(names) if series else None
    own: Spec = {"color": colour} if colour else {}
    mark: Spec = {"type": "line", "style": "trace"}
    if stepped:
        mark["interpolate"] = "step-after"
    layers: list[Spec] = [diagonal(*diagonal_from)] if diagonal_from else []
    if low and high:
        layers.append(band(colour, stepped=stepped))
    layers.append({"mark": mark, "encoding": own})
    if has_points:
        point_mark = {"type": "point", "style": "spot" if marked else "target"}
        layers.append({"mark": point_mark, "encoding": {**own, **TOOLTIP}})
    layers += limit_layers(limits, {"x": x_title, "y": y_title})
    body = {"layer": layers, "encoding": _encoding(rows, x_axis, y_axis, limits, diagonal_from)}
    return framed(title, rows, body, height=height, caption=caption, alt=alt, wide=wide)


def scatter(
    title: str,
    points: Sequence[Row],
    x: str,
    y: str,
    series: str | None = None,
    *,
    x_title: str = "",
    y_title: str = "",
    low: str = "",
    high: str = "",
    size: str = "",
    x_log: bool = False,
    y_log: bool = False,
    x_percent: bool = False,
    y_percent: bool = False,
    x_domain: tuple[float, float] | None = None,
    y_domain: tuple[float, float] | None = None,
    diagonal_from: tuple[float, float] | None = None,
    limits: Sequence[Limit] = (),
    height: int = HEIGHT,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a dot per point, thinned to 1 500: trials, predicted against true, calibration with error bars.

    `size` is the key of a number drawn as the dot's area, `low` and `high` the keys of vertical error bars.
    """
    keys = {"x": x, "y": y, "series": series, "low": low, "high": high, "size": size}
    rows = thinned(flat_rows(points, keys), SCATTER_POINTS)
    kind = measure_kind(point.get(x) for point in points)
    x_axis = Axis(title=x_title, kind=kind, log=x_log, percent=x_percent, domain=x_domain)
    y_axis = Axis(title=y_title, log=y_log, percent=y_percent, domain=y_domain)
    is_dense = len(rows) > MAX_TOOLTIPS
    own: Spec = {}
    if series:
        own["color"] = series_colour(series_names(rows))
    if size:
        own["size"] = {"field": "size", "type": "quantitative", "legend": None, "scale": {"range": [14, 220]}}
    if not is_dense:
        own |= TOOLTIP
        rows = with_tooltips(rows, x=x_title, y=y_title, kind=kind)
    layers: list[Spec] = [diagonal(*diagonal_from)] if diagonal_from else []
    if low and high:
        layers.append(whiskers("y"))
    layers.append({"mark": {"type": "point", "style": "cloud" if is_dense else "spot"}, "encoding": own})
    layers += limit_layers(limits, {"x": x_title, "y": y_title})
    body = {"layer": layers, "encoding": _encoding(rows, x_axis, y_axis, limits, diagonal_from)}
    return framed(title, rows, body, height=height, caption=caption, alt=alt, wide=wide)


def _encoding(
    rows: Sequence[Row], x: Axis, y: Axis, limits: Sequence[Limit], diagonal_from: tuple[float, float] | None
) -> Spec:
    """Return the encoding of both axes, each with room for what is drawn on it."""
    drawn: dict[str, list[object]] = {on: [*(diagonal_from or ())] for on in ("x", "y")}
    for limit in limits:
        drawn[limit.on].append(limit.value)
    for row in rows:
        drawn["x"].append(row.get("x"))
        drawn["y"] += [row.get(field) for field in ("y", "low", "high")]
    return {"x": x.holding(drawn["x"]).encoding("x"), "y": y.holding(drawn["y"]).encoding("y")}
