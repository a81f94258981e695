"""The columns that a dataset keeps once its features are fitted."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role, Schema
from sevenfold.preparation.features import FeatureFindings, dropped_column

__all__ = ["without_dropped", "without_private_group"]


def without_dropped(schema: Schema, features: Sequence[FeatureFindings]) -> Schema:
    """Return the schema without features that were dropped, which stay as columns that nothing uses.

    Raises:
        DataError: ``no_features`` where none is left.
    """
    columns = dict(schema.columns)
    for feature in features:
        if feature.dropped:
            columns[feature.name] = dropped_column(feature.column, feature.dropped)
    changed = schema.model_copy(update={"columns": columns})
    if not changed.features:
        dropped = ", ".join(f"{feature.name!r} ({feature.dropped})" for feature in features[:8])
        raise DataError(
            "no_features",
            f"At least one feature must vary in the training rows, but all were dropped: {dropped}.",
            remedy="See to the table, or to preparation.min_count where categories are rare.",
        )
    return changed


def without_private_group(schema: Schema) -> Schema:
    """Return the schema without a sensitive group: it has done its part once the split is drawn."""
    columns = {
        name: column
        for name, column in schema.columns.items()
        if not (column.role is Role.GROUP and column.sensitive and not column.also_feature)
    }
    return schema.model_copy(update={"columns": columns})
