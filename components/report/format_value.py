"""Numbers as people write them, for the facts and tables of a report."""

from __future__ import annotations

import math

__all__ = ["Cell", "format_score", "format_share", "format_value", "shortened"]

Cell = str | int | float | bool | None
MISSING = "–"


def format_value(value: Cell) -> str:
    """Return the text of a table's cell.

    A float has four significant digits, and the scientific form below 0.0001 and from 1e15 on. Thousands are grouped:
    in integers from 10,000 on, so that a year stays as it is, and in floats from 1,000 on. A missing value, NaN and
    infinity are a dash.

    >>> format_value(0.716243), format_value(336776), format_value(True), format_value(None), format_value(2013)
    ('0.7162', '336,776', 'yes', '–', '2013')
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return _format_float(value)
    return value


def format_score(value: float) -> str:
    """Return a score, or a gap between two, with four significant digits, from 1,000 on as a whole number.

    >>> format_score(0.71449), format_score(57664.2), format_score(0.75)
    ('0.7145', '57,664', '0.75')
    """
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def shortened(value: float | None, digits: int = 4) -> float | None:
    """Return a score with so many significant digits; from 1,000 on a whole number, as `format_score` writes it.

    >>> shortened(0.714493), shortened(58854.2), shortened(None)
    (0.7145, 58854.0, None)
    """
    if value is None:
        return None
    return float(round(value)) if abs(value) >= 1_000 and math.isfinite(value) else float(f"{value:.{digits}g}")


def format_share(share: float) -> str:
    """Return a share as whole percent, where 0% means none at all and 100% means all.

    >>> format_share(0.378), format_share(0.002), format_share(0.998), format_share(1)
    ('38%', '<1%', '>99%', '100%')
    """
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _format_float(value: float) -> str:
    if not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}"
    if size >= 1_000:
        return f"{value:,.0f}"
    text = f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}" if size else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text
