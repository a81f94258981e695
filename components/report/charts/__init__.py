"""Chart builders: plain rows in, a `Chart` with a Vega-Lite v5 specification out.

Every builder takes rows as mappings and the names of the keys to draw, so column names of any spelling are safe: in
the specification the fields are always called `x`, `y`, `series`, `low`, `high`, `value`. A missing value is None or
NaN and is not drawn (a line breaks there). The values themselves say whether an axis holds numbers, names or moments.
The page decides colours and fonts (`theme.py`), never the specification. `alt` describes the chart for those who
cannot see it; the default is the title. `wide` asks the page for a whole row.

The specifications are written by hand because a drawing library costs more than the drawing: importing Altair 6.3
took 0.8 to 2.9 CPU seconds in every stage that draws; all charts of a run are built here in 0.02.
"""

from __future__ import annotations

from sevenfold.report.charts.axes import Limit
from sevenfold.report.charts.categorical import bars, dots
from sevenfold.report.charts.distribution import histogram
from sevenfold.report.charts.matrix import confusion, heatmap
from sevenfold.report.charts.relational import lines, scatter
from sevenfold.report.charts.timeline import timeline

__all__ = ["Limit", "bars", "confusion", "dots", "heatmap", "histogram", "lines", "scatter", "timeline"]
