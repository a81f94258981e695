"""Example rows for a request: made up from the transform's values, never rows of the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Transform
from sevenfold.tables.moment_formats import written_moment

__all__ = ["example_rows"]

ROWS: Final = 2
NOON: Final = datetime(2024, 1, 15, 12, tzinfo=UTC)  # where the transform knows no date: an ordinary day
ANY: Final = "example"


def example_rows(transform: Transform, inputs: Mapping[str, Column]) -> list[dict[str, Any]]:
    """Return two synthetic rows of JSON values.

    A number is the fill value of its column (the median), a category its first or second level, a datetime a noon.
    A sensitive column is null, or a made-up value where it may not be missing; so is a column that
    the transform does not use.
    """
    features = {feature.name: feature for feature in transform.features}
    return [
        {name: _value(features.get(name), column, index) for name, column in inputs.items()} for index in range(ROWS)
    ]


def _value(feature: NumberFeature | CategoryFeature | DatetimeFeature | None, column: Column, index: int) -> Any:
    if column.nullable and (column.sensitive or feature is None):
        return None
    if column.kind is Kind.DATETIME:
        center = feature.center if isinstance(feature, DatetimeFeature) and not column.sensitive else 0.0
        moment = datetime.fromtimestamp(0, UTC) + timedelta(days=int(center), hours=12) if center else NOON
        return written_moment(moment, column.date_format or "%Y-%m-%dT%H:%M:%SZ")
    if column.kind is Kind.CATEGORY:
        known = isinstance(feature, CategoryFeature) and not column.sensitive and feature.levels
        return feature.levels[index % len(feature.levels)] if known else ANY  # type: ignore[union-attr]
    fill = feature.fill if isinstance(feature, NumberFeature) and not column.sensitive else 0.0
    if column.kind is Kind.BOOLEAN:
        return fill >= 0.5
    return round(fill) if column.kind is Kind.INTEGER else fill
