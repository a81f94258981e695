"""Charts of a measure over two names: heat maps and confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.report.charts.axes import Axis, Spec, framed, is_crowded
from sevenfold.report.charts.rows import TOOLTIP, flat_rows, with_tooltips
from sevenfold.report.charts.values import measure_kind
from sevenfold.report.model import Chart

__all__ = ["confusion", "heatmap"]

STEPS = 7  # of the page's heat palette
ROW = 26  # pixels of a row of cells
CHARACTER = 6.6  # pixels of a character in a cell
MAX_CELL_TEXTS = 240  # beyond this many cells, the legend explains the colours instead


def heatmap(
    title: str,
    cells: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    value: str,
    *,
    x_title: str = "",
    y_title: str = "",
    value_title: str = "",
    text: str = "",
    low: float = 0.0,
    high: float | None = None,
    percent: bool = False,
    value_format: str = "",
    height: int = 0,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a coloured cell per row of `cells`; rows and columns keep the order in which their names appear.

    Args:
        title: the chart's name.
        cells: one mapping per cell.
        x: key of the column's name (moments are written as dates).
        y: key of the row's name.
        value: key of the number that colours the cell; missing leaves it blank.
        x_title: name of the horizontal axis.
        y_title: name of the vertical axis.
        value_title: name of the number.
        text: key of the text in the cell; empty writes the value, where there are at most 240 cells.
        low: the number drawn in the palest colour.
        high: the number drawn in the strongest colour, and anything beyond; None takes the largest.
        percent: write numbers as percent.
        value_format: d3 format of the numbers.
        height: pixels; 0 gives each row its own 26.
        caption: a sentence under the chart.
        alt: the chart in words.
        wide: ask for a whole row.
    """
    moments = measure_kind(cell.get(x) for cell in cells) == "temporal"
    named = [{**cell, x: str(cell[x])[:10]} for cell in cells] if moments else cells
    rows = flat_rows(named, {"x": x, "y": y, "value": value, "text": text})
    rows = with_tooltips(
        [{**row, "x": str(row["x"]), "y": str(row["y"])} for row in rows], x=x_title, y=y_title, value=value_title
    )
    numbers = [row["value"] for row in rows if row["value"] is not None]
    top = high if high is not None else max(numbers, default=1.0)
    top = top if top > low else low + 1.0
    x_names, y_names = (list(dict.fromkeys(row[axis] for row in rows)) for axis in ("x", "y"))
    encoding: Spec = {
        "x": Axis(title=x_title, kind="nominal", order=tuple(x_names)).encoding("x"),
        "y": Axis(title=y_title, kind="nominal", order=tuple(y_names)).encoding("y"),
    }
    encoding["x"]["axis"] |= {"labelAngle": -40 if is_crowded(x_names) else 0, "ticks": False, "labelOverlap": True}
    encoding["y"]["axis"] |= {"ticks": False}
    for axis in ("x", "y"):
        encoding[axis]["scale"] = {"padding": 0}
    has_text = bool(text) or len(rows) <= MAX_CELL_TEXTS
    colour = _heat_colour(low, top, "" if has_text else value_title)
    layers = [{"mark": {"type": "rect", "style": "cell"}, "encoding": {"color": colour, **TOOLTIP}}]
    if has_text:
        form = value_format or (".0%" if percent else ".2f")
        longest = max((len(str(row["text"])) for row in rows), default=0) if text else len("10%" if percent else "0.00")
        layers.append(_cell_text(text, low, top, form, least_width=longest * CHARACTER * len(x_names)))
    body = {"layer": layers, "encoding": encoding}
    height = height or max(80, ROW * len(y_names))
    return framed(title, rows, body, height=height, caption=caption, alt=alt, wide=wide)


def confusion(
    title: str,
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
    *,
    caption: str = "",
    alt: str = "",
    wide: bool = False,
) -> Chart:
    """Draw a confusion matrix: `counts[i][j]` rows of true class i were predicted as class j.

    Colour is the share of the true class, so that a rare class shows as well as a common one; the text is that share,
    and beside it the count where there is room.
    """
    cells = []
    for name, row in zip(classes, counts, strict=True):
        total = sum(row) or 1
        for other, count in zip(classes, row, strict=True):
            share = count / total
            label = f"{share:.0%}  ({count:,})" if len(classes) <= 4 else f"{share:.0%}"
            cells.append({"true": name, "predicted": other, "share": share, "label": label})
    return heatmap(
        title,
        cells,
        "predicted",
        "true",
        "share",
        x_title="predicted",
        y_title="true",
        value_title="share of the true class",
        text="label" if len(classes) <= 20 else "",
        high=1.0,
        percent=True,
        height=max(120, min(52, 420 // max(1, len(classes))) * len(classes)),
        caption=caption,
        alt=alt,
        wide=wide,
    )


def _heat_colour(low: float, high: float, title: str) -> Spec:
    """Return the colour encoding: in steps, because CSS variables cannot be blended."""
    legend = {"title": title, "format": ".2~f"} if title else None
    scale = {"type": "quantize", "domain": [low, high], "range": [f"var(--heat-{i})" for i in range(STEPS)]}
    return {"field": "value", "type": "quantitative", "scale": scale, "legend": legend}


def _cell_text(text: str, low: float, high: float, form: str, *, least_width: float) -> Spec:
    """Return the layer of the cells' texts, which a plot narrower than `least_width` hides: they would overlap."""
    first_dark = low + (high - low) * 4 / STEPS
    number: Spec = {"field": "value", "type": "quantitative", "format": form}
    pale_on_dark = {"test": f"datum.value >= {first_dark!r}", "value": "var(--heat-ink)"}
    return {
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": {"type": "text", "style": "cell-text"},
        "encoding": {
            "text": {"field": "text", "type": "nominal"} if text else number,
            "color": {"condition": pale_on_dark, "value": "var(--ink)"},
            "opacity": {"condition": {"test": f"width >= {least_width:.0f}", "value": 1}, "value": 0},
        },
    }
