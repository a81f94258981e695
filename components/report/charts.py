"""Builders of charts: plain rows in, a `Chart` with a Vega-Lite v5 specification out.

Every builder takes rows as mappings and the names of the keys to draw, so column names of any spelling are safe: in
the specification the fields are always called `x`, `y`, `series`, `low`, `high`, `value`. Missing values are None or
NaN and are left out of the drawing (a line breaks there). Numbers, names and moments are told apart by the values.
Colours and fonts belong to the page (`theme.py`), never to the specification. `alt` says what is to be seen, for
those who cannot see it; left empty it is the title. `wide` asks the page for a whole row.
"""

from __future__ import annotations

from sevenfold.report.axes import Limit
from sevenfold.report.bars import bars, dots, histogram
from sevenfold.report.matrix import confusion, heatmap
from sevenfold.report.traces import lines, scatter

__all__ = ["Limit", "bars", "confusion", "dots", "heatmap", "histogram", "lines", "scatter"]
