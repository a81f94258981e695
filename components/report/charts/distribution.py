"""Charts of how often values occur: histograms of one or more series over the same bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.charts.axes import Axis, Limit, Spec, framed, limit_layers, series_colour
from sevenfold.report.charts.rows import TOOLTIP, series_names, with_tooltips
from sevenfold.report.charts.values import json_value, measure_kind
from sevenfold.report.model import Chart

__all__ = ["histogram"]


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
        counts_by_series: n counts per series name; a single series has no legend.
        x_title: name of the horizontal axis.
        y_title: name of the vertical axis; empty writes "share" or "rows".
        shares: divide each series by its sum, so that series of different sizes compare.
        x_log: logarithmic horizontal axis.
        y_log: logarithmic vertical axis.
        limits: lines to compare the bars with.
        height: pixels of the plot.
        caption: a sentence under the chart.
        alt: the chart in words.
        wide: ask for a whole row.
    """
    rows: list[dict[str, Any]] = []
    for name, counts in counts_by_series.items():
        total = (sum(counts) or 1) if shares else 1
        for i, count in enumerate(counts):
            ends = {"x": json_value(edges[i]), "x2": json_value(edges[i + 1])}
            rows.append({**ends, "y": json_value(count / total), "series": str(name)})
    names = series_names(rows)
    x_axis = Axis(title=x_title, kind=measure_kind(edges), log=x_log, grid=False)
    y_axis = Axis(title=y_title or ("share" if shares else "rows"), percent=shares, log=y_log, zero=not y_log)
    encoding: Spec = {"x": x_axis.encoding("x"), "x2": {"field": "x2"}, "y": y_axis.encoding("y")}
    encoding["y2"] = {"value": "height"}
    encoding["y"]["stack"] = None
    rows = with_tooltips(rows, x=x_title, x2="to", y=y_axis.title, kind=x_axis.kind)
    mark = {"type": "bar", "style": "bin" if len(names) < 2 else "bin-over"}
    layers: list[Spec] = [{"mark": mark, "encoding": {**encoding, "color": series_colour(names), **TOOLTIP}}]
    layers += limit_layers(limits, {"x": x_title, "y": y_axis.title})
    return framed(title, rows, {"layer": layers}, height=height, caption=caption, alt=alt, wide=wide)
