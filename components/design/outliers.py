"""Numbers that lie absurdly far from all others of their column: often they stand for a missing value."""

from __future__ import annotations

from collections.abc import Mapping

from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.typed_table import TypedTable
from sevenfold.report.quantity import quantity
from sevenfold.tables.far_values import FarValues, far_values

__all__ = ["far_columns", "far_remark"]


def far_columns(table: TypedTable, roles: Mapping[str, Proposed], target: TargetFacts) -> dict[str, FarValues]:
    """Return the values that flatten a feature, by its name, from the rows with a target."""
    import polars as pl

    labelled = pl.Series(target.labelled)
    flattened: dict[str, FarValues] = {}
    for name, proposed in roles.items():
        column = table.columns[name]
        if proposed.role is Role.FEATURE and column.kind in (Kind.NUMBER, Kind.INTEGER):
            present = column.values.filter(labelled).drop_nulls().cast(pl.Float64)
            far = far_values(present.to_numpy())
            if far is not None:
                flattened[name] = far
    return flattened


def far_remark(far: FarValues | None) -> str:
    """Return a sentence on the values and what to do about them, "" where there are none."""
    if far is None:
        return ""
    many = quantity(far.count, "value lies", "values lie")
    such = ", such as" if far.count > far.value_count else ":"
    remedy = f"If it means missing, write '{far.value!r}' into data.missing."
    return f"{many} far from all others{such} {far.value:g}. {remedy}"
