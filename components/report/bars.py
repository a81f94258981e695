"""Charts of one measure by name or by interval: bars, dots with intervals, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.axes import Axis, Limit, Spec, framed, limit_layers, series_colour, turned, whiskers
from sevenfold.report.model import Chart
from sevenfold.report.rows import TOLD, flat_rows, series_names, told
from sevenfold.report.values import measure_kind, plain

__all__ = ["bars", "dots", "histogram"]

Row = Mapping[str, Any]
HEIGHT = 240
BAR = 22


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

    Bars lie unless `upright`; with `series` they stand beside each other, or on each other when `stacked`. `low` and
    `high` are keys of error bars. A limit's `on` is turned to the value axis by itself.
    """
    flat = flat_rows(rows, {"label": label, "value": value, "series": series, "low": low, "high": high})
    names, labels = series_names(flat), list(dict.fromkeys(str(row["label"]) for row in flat))
    flat = told([{**row, "label": str(row["label"])} for row in flat], label=label_title, value=value_title)
    along, across = ("x", "y") if upright else ("y", "x")
    values = Axis(title=value_title, log=log, percent=percent, domain=domain, zero=not log, format=value_format)
    places = Axis(title=label_title, kind="nominal", order=tuple(labels))
    encoding: Spec = {along: places.encoding("label"), across: values.encoding("value")}
    encoding[along]["axis"].update(label_axis(labels, upright=upright))
    drawn: Spec = dict(TOLD)
    encoding[across]["stack"] = "zero" if stacked else None
    if series:
        drawn["color"] = series_colour(names)
        if not stacked:
            encoding[f"{along}Offset"] = {"field": "series", "sort": names}
    layers: list[Spec] = [{"mark": {"type": "bar", "style": "column" if upright else "strip"}, "encoding": drawn}]
    if low and high:
        layers.append(whiskers(across))
    body = {
        "layer": [*layers, *limit_layers(turned(limits, across), {across: value_title, along: label_title})],
        "encoding": encoding,
    }
    beside = 1.0 if stacked else max(1.0, 0.7 * len(names))
    tall = HEIGHT if upright else max(60.0, len(labels) * BAR * beside)
    return framed(title, flat, body, height=height or round(tall), caption=caption, alt=alt, wide=wide)


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
    flat = told([{**row, "label": str(row["label"])} for row in flat], label="", value=value_title)
    labels = list(dict.fromkeys(row["label"] for row in flat))
    places = Axis(title="", kind="nominal", order=tuple(labels))
    values = Axis(title=value_title, log=log, percent=percent, domain=domain, format=value_format)
    encoding: Spec = {"y": places.encoding("label"), "x": values.encoding("value")}
    encoding["y"]["axis"] = {**encoding["y"]["axis"], "grid": True, "labelAngle": 0}
    drawn: Spec = dict(TOLD)
    if series:
        drawn["color"] = series_colour(series_names(flat))
    layers = [whiskers("x")] if low and high else []
    layers.append({"mark": {"type": "point", "style": "dot"}, "encoding": drawn})
    body = {"layer": [*layers, *limit_layers(turned(limits, "x"), {"x": value_title, "y": ""})], "encoding": encoding}
    return framed(title, flat, body, height=max(60, len(labels) * BAR), caption=caption, alt=alt, wide=wide)


def histogram(
    title: str,
    edges: Sequence[Any],
    counts_by_series: Mapping[str, Sequence[float]],
    *,
    x_title: str = "",
    y_title: str = "",
    shares: bool = True,
    x_log: bool = False,
    y_log: bool = False,
    limits: Sequence[Limit] = (),
    height: int = 180,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw counts between edges as filled steps, one series over the other.

    Args:
        title: the chart's name.
        edges: n + 1 ascending numbers or moments.
        counts_by_series: n counts per series name; an empty name draws no legend.
        x_title: name of the horizontal axis.
        y_title: name of the vertical axis; empty writes "share" or "rows".
        shares: divide each series by its sum, so that series of different sizes compare.
        x_log: logarithmic horizontal axis.
        y_log: logarithmic vertical axis.
        limits: lines to read the bars against.
        height: pixels of the plot.
        caption: a sentence under the chart.
        alt: what is to be seen.
        wide: ask for a whole row.
    """
    rows: list[dict[str, Any]] = []
    for name, counts in counts_by_series.items():
        total = (sum(counts) or 1) if shares else 1
        for i, count in enumerate(counts):
            ends = {"x": plain(edges[i]), "x2": plain(edges[i + 1])}
            rows.append({**ends, "y": plain(count / total), "series": str(name)})
    names = series_names(rows)
    across = Axis(title=x_title, kind=measure_kind(edges), log=x_log, grid=False)
    up = Axis(title=y_title or ("share" if shares else "rows"), percent=shares, log=y_log, zero=not y_log)
    encoding: Spec = {"x": across.encoding("x"), "x2": {"field": "x2"}, "y": up.encoding("y")}
    encoding |= {"y2": {"value": "height"}}
    encoding["y"]["stack"] = None
    rows = told(rows, x=x_title, x2="to", y=up.title, kind=across.kind)
    drawn: Spec = {"color": series_colour(names), **TOLD}
    mark = {"type": "bar", "style": "bin" if len(names) < 2 else "bin-over"}
    body = {
        "layer": [
            {"mark": mark, "encoding": {**encoding, **drawn}},
            *limit_layers(limits, {"x": x_title, "y": up.title}),
        ]
    }
    return framed(title, rows, body, height=height, caption=caption, alt=alt, wide=wide)


def label_axis(labels: Sequence[str], *, upright: bool) -> Spec:
    """Tilt upright labels that would collide."""
    crowded = upright and sum(map(len, labels)) * 7 > 420
    return {"labelAngle": -40 if crowded else 0, "labelOverlap": False, "ticks": False}
