"""A parsed column: its values in the Arrow type of its kind, and the rows whose values are at fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Parsed", "arrow_type", "with_limits"]


@dataclass
class Parsed:
    """A column's values, Arrow of `arrow_type`, null where missing or bad.

    `faults` holds per code a bool mask of shape ``[n]``; the masks do not overlap. `trimmed` counts texts that had
    white space around.
    """

    values: pa.Array
    faults: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    trimmed: int = 0
    offsets: frozenset[bool] = frozenset()  # of dates: whether texts say their offset from UTC

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which rows are at fault, shape ``[n]``."""
        return _any(self.faults.values(), len(self.values))


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type that a column of a kind is stored as; categories as a dictionary."""
    import pyarrow as pa

    return {
        Kind.NUMBER: pa.float64(),
        Kind.INTEGER: pa.int64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.CATEGORY: pa.dictionary(pa.int32(), pa.string()),
        Kind.DATETIME: pa.timestamp("us", tz="UTC"),
    }[kind]


def with_limits(parsed: Parsed, column: Column) -> Parsed:
    """Add the faults of the column's own rules: ``missing_value``, ``out_of_range``, ``unknown_category``."""
    import pyarrow.compute as pc

    if not column.nullable:
        absent = np.asarray(parsed.values.is_null()) & ~parsed.bad
        if absent.any():
            parsed.faults["missing_value"] = absent
    if column.range is not None and column.kind in (Kind.NUMBER, Kind.INTEGER):
        low, high = column.range
        inside = pc.and_(pc.greater_equal(parsed.values, low), pc.less_equal(parsed.values, high))
        outside = ~np.asarray(inside.fill_null(True))
        if outside.any():
            parsed.faults["out_of_range"] = outside
    if column.categories is not None and column.kind is Kind.CATEGORY:
        known = {*column.categories, None}
        strange = np.array([level not in known for level in parsed.values.dictionary.to_pylist()], dtype=bool)
        if strange.any():
            codes = parsed.values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            parsed.faults["unknown_category"] = np.append(strange, False)[codes]
    return parsed


def _any(masks: Iterable[NDArray[np.bool_]], count: int) -> NDArray[np.bool_]:
    bad = np.zeros(count, dtype=bool)
    for mask in masks:
        bad |= mask
    return bad
