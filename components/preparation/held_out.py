"""Rows that tested an earlier model are not fitted on by the next one: they test again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.earlier import Earlier
from sevenfold.preparation.store import RowStore
from sevenfold.tables.row_keys import row_keys
from sevenfold.tables.split import TEST

__all__ = ["hold_out"]


def hold_out(sides: NDArray[np.int8], store: RowStore, earlier: Earlier) -> NDArray[np.int8]:
    """Return the sides with every row that stands among an earlier dataset's test rows on the side of the test.

    Else a split of a table that has grown would let the next model learn the rows that both are compared on.

    Args:
        sides: the side of each row.
        store: the rows.
        earlier: the earlier dataset.

    Raises:
        IntegrityError: if the earlier dataset is not what was sealed.
    """
    tested = earlier.open().table("test")
    names = sorted(set(store.schema.names if store.schema is not None else ()) & set(tested.column_names))
    if not names:
        return sides
    ours, theirs = row_keys([lambda name: store.column(name).whole(), tested.column], names)
    return np.where(np.isin(ours, theirs), np.int8(TEST), sides)
