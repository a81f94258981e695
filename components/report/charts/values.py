"""Values as a specification can hold them: JSON values, no NaN, moments as milliseconds UTC."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar

__all__ = ["MeasureKind", "json_value", "measure_kind", "thinned"]

MeasureKind = Literal["quantitative", "temporal", "nominal"]
T = TypeVar("T")


def json_value(value: Any) -> str | int | float | bool | None:
    """Return `value` as JSON can hold it.

    NaN and infinities become None; a date, a datetime (naive means UTC) or a numpy datetime64 becomes milliseconds
    since 1970-01-01 UTC; numpy scalars become Python's; anything else becomes its text.
    """
    if value is None or isinstance(value, bool | str | int):
        return value if type(value) in (type(None), bool, str, int) else json_value(_builtin(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    if isinstance(value, date):
        return json_value(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if type(value).__name__ == "datetime64":
        return json_value(value.astype("datetime64[us]").item())
    if hasattr(value, "item"):
        return json_value(value.item())
    return str(value)


def _builtin(value: Any) -> Any:
    """Return the str or int behind a subclass: numpy's strings and the members of an enum."""
    return str.__str__(value) if isinstance(value, str) else int(value)


def measure_kind(values: Iterable[Any]) -> MeasureKind:
    """Return whether an axis holds moments, numbers or names, by the first value that is not missing."""
    for value in values:
        if value is None:
            continue
        if isinstance(value, date) or type(value).__name__ == "datetime64":
            return "temporal"
        if isinstance(value, bool | str):
            return "nominal"
        if isinstance(json_value(value), int | float) or isinstance(value, float):
            return "quantitative"
        if isinstance(json_value(value), str):
            return "nominal"
    return "quantitative"


def thinned(rows: Sequence[T], most: int) -> list[T]:
    """Return at most `most` of the rows, evenly spaced, with the first and the last of them."""
    count = len(rows)
    if count <= most or most < 2:
        return list(rows)
    return [rows[round(i * (count - 1) / (most - 1))] for i in range(most)]
