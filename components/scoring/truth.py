"""The truth: the target of labelled rows, as class index or value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.report.quantity import quantity

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["truth_of"]

UNKNOWN, LEFT_OUT = -1, -2  # what is no class index


def truth_of(table: pa.Table, signature: Signature) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the target of every row, as class index or value, and a mask of the rows that have one.

    A label that the model's plan merged counts as its class; one that it left out, as none.

    Raises:
        DataError: ``unknown_class`` for a class the model does not know; the message does not name it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(signature.target)
    if signature.task is Task.REGRESSION:
        values = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
        return values, ~np.isnan(values)
    index_of = _index_of(signature)
    codes = pc.index_in(pc.cast(column, pa.string()), value_set=pa.array(list(index_of), pa.string()))
    known = pc.is_valid(column).to_numpy(zero_copy_only=False)
    at = pc.fill_null(codes, len(index_of)).to_numpy(zero_copy_only=False)
    truth = np.array([*index_of.values(), UNKNOWN], dtype=np.int64)[at]
    unknown = int((known & (truth == UNKNOWN)).sum())
    known &= truth >= 0
    truth = np.maximum(truth, UNKNOWN)
    if unknown:
        raise DataError(
            "unknown_class",
            f"The target must be one of the {len(signature.classes)} classes the model knows, "
            f"but {quantity(unknown, 'row has', 'rows have')} another.",
            remedy="Train on rows that hold every class.",
        )
    return truth, known


def _index_of(signature: Signature) -> dict[str, int]:
    """Return the class of every label that the model knows, `LEFT_OUT` for those it is not asked about."""
    position = {name: index for index, name in enumerate(signature.classes)}
    merged = {
        label: position[name]
        for name, labels in signature.merged_classes.items()
        for label in labels
        if name in position
    }
    return {**dict.fromkeys(signature.left_out_classes, LEFT_OUT), **merged, **position}
