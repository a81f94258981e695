"""Charts of what happened when: a lane per kind of event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.charts.axes import Axis, framed, series_colour
from sevenfold.report.charts.rows import TOOLTIP, flat_rows, with_tooltips
from sevenfold.report.model import Chart

__all__ = ["timeline"]

LANE = 30  # pixels
PADDING = 10  # pixels before the first dot and after the last


def timeline(
    title: str,
    events: Sequence[Mapping[str, Any]],
    when: str,
    lane: str,
    *,
    lanes: Sequence[str],
    note: str = "",
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a dot per event at its moment, in the lane of its kind.

    Args:
        title: the chart's name.
        events: one mapping per event.
        when: key of the moment, a datetime.
        lane: key of the kind.
        lanes: the kinds in the order of their lanes, those without an event too.
        note: key of what a dot says as its tooltip.
        caption: a sentence under the chart.
        alt: the chart in words.
        wide: ask for a whole row.
    """
    rows = flat_rows(events, {"x": when, "y": lane, "series": lane, "note": note})
    rows = with_tooltips(rows, kind="temporal", x="", note="")
    y = Axis(title="", kind="nominal", order=tuple(lanes)).encoding("y")
    y["scale"] = {"domain": list(lanes)}
    y["axis"]["grid"] = True
    x = Axis.of_moments("", [row["x"] for row in rows]).encoding("x")
    x["scale"] |= {"padding": PADDING}
    colour = {**series_colour(lanes), "legend": None}  # the lanes are named already
    body = {
        "mark": {"type": "point", "style": "dot"},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            **TOOLTIP,
        },
    }
    return framed(title, rows, body, height=max(60, LANE * len(lanes)), caption=caption, alt=alt, wide=wide)
