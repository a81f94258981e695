"""The columns that a dataset keeps once its features are fitted."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role, Schema
from sevenfold.preparation.features import FeatureFindings, dropped_column

__all__ = ["without_dropped"]


def without_dropped(schema: Schema, features: Sequence[FeatureFindings]) -> Schema:
    """Return the schema without features that were dropped, and without sensitive groups once the split is drawn.

    Raises:
        DataError: ``no_features`` where none is left.
    """
    columns = dict(schema.columns)
    for feature in features:
        if feature.dropped:
            columns[feature.name] = dropped_column(feature.column, feature.dropped)
    for name, column in schema.columns.items():
        # a sensitive group has done its part once the split is drawn
        if column.role is Role.GROUP and column.sensitive and not column.also_feature:
            del columns[name]
    changed = schema.model_copy(update={"columns": columns})
    if not changed.features:
        dropped = ", ".join(f"{feature.name!r} ({feature.dropped})" for feature in features[:8])
        raise DataError(
            "no_features",
            f"At least one feature must vary in the training rows, but all were dropped: {dropped}.",
            remedy="See to the table, or to preparation.min_count where categories are rare.",
        )
    return changed
