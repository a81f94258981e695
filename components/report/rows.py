"""Rows of charts under fixed field names, so that column names of any spelling are safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sevenfold.report.values import MeasureKind, plain

__all__ = ["TOLD", "flat_rows", "series_names", "told"]

# A mark's description is what the page shows as its tooltip.
TOLD = {"description": {"field": "told", "type": "nominal"}}


def flat_rows(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Return the rows with the fields of `keys` (field name to the row's key; empty keys are left out), all plain."""
    used = {field: key for field, key in keys.items() if key}
    flat = [{field: plain(row.get(key)) for field, key in used.items()} for row in rows]
    for row in flat:
        if "series" in row:
            row["series"] = "" if row["series"] is None else str(row["series"])
    return flat


def series_names(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the names of the series in the order they came; [None] without series."""
    return list(dict.fromkeys(row.get("series") for row in rows))


def told(rows: Sequence[Mapping[str, Any]], *, kind: MeasureKind = "nominal", **titles: str) -> list[dict[str, Any]]:
    """Return the rows with `told`: series and values in words; `kind` is that of the field `x`."""
    return [{**row, "told": "; ".join(_words(row, kind, titles))} for row in rows]


def _words(row: Mapping[str, Any], kind: MeasureKind, titles: Mapping[str, str]) -> list[str]:
    words = [str(row["series"])] if row.get("series") else []
    for field, title in titles.items():
        value = row.get(field)
        if value is None:
            continue
        moment = kind == "temporal" and field in ("x", "x2")
        text = _moment(value) if moment else f"{value:.4g}" if isinstance(value, float) else str(value)
        words.append(f"{title} {text}".strip())
    return words


def _moment(milliseconds: int) -> str:
    text = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")
    return text.removesuffix(" 00:00")
