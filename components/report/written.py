"""Figures as people write them."""

from __future__ import annotations

import math

__all__ = ["Cell", "written"]

Cell = str | int | float | bool | None
MISSING = "–"


def written(value: Cell) -> str:
    """Return a cell's text: four significant digits, thousands set apart, a dash for nothing.

    >>> written(0.716243), written(336776), written(True), written(None), written(2013)
    ('0.7162', '336,776', 'yes', '–', '2013')
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return _number(value)
    return value


def _number(value: float) -> str:
    if not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}"
    if size >= 1_000:
        return f"{value:,.0f}"
    text = f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}" if size else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text
