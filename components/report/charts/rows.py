"""Rows of charts under fixed field names, so that column names of any spelling are safe, and their tooltips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sevenfold.report.charts.values import MeasureKind, json_value

__all__ = ["TOOLTIP", "flat_rows", "series_names", "with_tooltips"]

# The page shows a mark's description as its tooltip.
TOOLTIP = {"description": {"field": "tooltip", "type": "nominal"}}


def flat_rows(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Return the rows with the fields of `keys` alone, as JSON values.

    Args:
        rows: mappings with keys of any spelling.
        keys: field name to the key of the rows; a field whose key is empty is left out.
    """
    used = {field: key for field, key in keys.items() if key}
    flat = [{field: json_value(row.get(key)) for field, key in used.items()} for row in rows]
    for row in flat:
        if "series" in row:
            row["series"] = "" if row["series"] is None else str(row["series"])
    return flat


def series_names(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the distinct names of the series in order of appearance; [None] without series."""
    return list(dict.fromkeys(row.get("series") for row in rows))


def with_tooltips(
    rows: Sequence[Mapping[str, Any]], *, kind: MeasureKind = "nominal", **titles: str
) -> list[dict[str, Any]]:
    """Return the rows with the field `tooltip`: the series, then each field of `titles` after its title.

    `kind` is that of the fields `x` and `x2`: moments are written as dates.
    """
    return [{**row, "tooltip": "; ".join(_tooltip_parts(row, kind, titles))} for row in rows]


def _tooltip_parts(row: Mapping[str, Any], kind: MeasureKind, titles: Mapping[str, str]) -> list[str]:
    parts = [str(row["series"])] if row.get("series") else []
    for field, title in titles.items():
        value = row.get(field)
        if value is None:
            continue
        is_moment = kind == "temporal" and field in ("x", "x2")
        text = _moment(value) if is_moment else f"{value:.4g}" if isinstance(value, float) else str(value)
        parts.append(f"{title} {text}".strip())
    return parts


def _moment(milliseconds: int) -> str:
    text = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")
    return text.removesuffix(" 00:00")
