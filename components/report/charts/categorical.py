"""Charts of one measure by name: bars, and dots with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.charts.axes import (
    Axis,
    Limit,
    Spec,
    framed,
    is_crowded,
    limit_layers,
    limits_on,
    series_colour,
    whiskers,
)
from sevenfold.report.charts.rows import TOOLTIP, flat_rows, series_names, with_tooltips
from sevenfold.report.model import Chart

__all__ = ["bars", "dots"]

Row = Mapping[str, Any]
HEIGHT = 240  # pixels of a chart of upright bars
ROW = 22  # pixels of a name and its bar or dot


def bars(
    title: str,
    rows: Sequence[Row],
    label: str,
    value: str,
    series: str | None = None,
    *,
    value_title: str = "",
    label_title: str = "",
    low: str = "",
    high: str = "",
    stacked: bool = False,
    upright: bool = False,
    log: bool = False,
    percent: bool = False,
    domain: tuple[float, float] | None = None,
    value_format: str = "",
    limits: Sequence[Limit] = (),
    height: int = 0,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a bar per row, in the order given: missing values, importances, the counts of categories.

    Bars are horizontal unless `upright`; those of several `series` are side by side, or on top of each other when
    `stacked`. `low` and `high` are keys of error bars. Limits are drawn on the value axis, whatever their `on`.
    """
    flat = flat_rows(rows, {"label": label, "value": value, "series": series, "low": low, "high": high})
    names, labels = series_names(flat), list(dict.fromkeys(str(row["label"]) for row in flat))
    flat = with_tooltips([{**row, "label": str(row["label"])} for row in flat], label=label_title, value=value_title)
    label_axis, value_axis = ("x", "y") if upright else ("y", "x")
    values = Axis(title=value_title, log=log, percent=percent, domain=domain, zero=not log, format=value_format)
    names_axis = Axis(title=label_title, kind="nominal", order=tuple(labels))
    encoding: Spec = {label_axis: names_axis.encoding("label"), value_axis: values.encoding("value")}
    tilt = -40 if upright and is_crowded(labels) else 0
    encoding[label_axis]["axis"] |= {"labelAngle": tilt, "labelOverlap": False, "ticks": False}
    encoding[value_axis]["stack"] = "zero" if stacked else None
    bar: Spec = dict(TOOLTIP)
    if series:
        bar["color"] = series_colour(names)
        if not stacked:
            encoding[f"{label_axis}Offset"] = {"field": "series", "sort": names}
    layers: list[Spec] = [{"mark": {"type": "bar", "style": "column" if upright else "strip"}, "encoding": bar}]
    if low and high:
        layers.append(whiskers(value_axis))
    layers += limit_layers(limits_on(limits, value_axis), {value_axis: value_title, label_axis: label_title})
    side_by_side = 1.0 if stacked else max(1.0, 0.7 * len(names))
    fitting = HEIGHT if upright else max(60.0, len(labels) * ROW * side_by_side)
    body = {"layer": layers, "encoding": encoding}
    return framed(title, flat, body, height=height or round(fitting), caption=caption, alt=alt, wide=wide)


def dots(
    title: str,
    rows: Sequence[Row],
    label: str,
    value: str,
    series: str | None = None,
    *,
    value_title: str = "",
    low: str = "",
    high: str = "",
    log: bool = False,
    percent: bool = False,
    domain: tuple[float, float] | None = None,
    value_format: str = "",
    limits: Sequence[Limit] = (),
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a dot per row on its own line, with an interval from `low` to `high`: scores per slice."""
    flat = flat_rows(rows, {"label": label, "value": value, "series": series, "low": low, "high": high})
    flat = with_tooltips([{**row, "label": str(row["label"])} for row in flat], label="", value=value_title)
    labels = list(dict.fromkeys(row["label"] for row in flat))
    names = Axis(title="", kind="nominal", order=tuple(labels))
    values = Axis(title=value_title, log=log, percent=percent, domain=domain, format=value_format)
    encoding: Spec = {"y": names.encoding("label"), "x": values.encoding("value")}
    encoding["y"]["axis"]["grid"] = True
    dot: Spec = dict(TOOLTIP)
    if series:
        dot["color"] = series_colour(series_names(flat))
    layers = [whiskers("x")] if low and high else []
    layers.append({"mark": {"type": "point", "style": "dot"}, "encoding": dot})
    layers += limit_layers(limits_on(limits, "x"), {"x": value_title, "y": ""})
    body = {"layer": layers, "encoding": encoding}
    return framed(title, flat, body, height=max(60, len(labels) * ROW), caption=caption, alt=alt, wide=wide)
