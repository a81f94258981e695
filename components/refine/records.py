"""Records: rows that belong together under a cell of the first column."""

from __future__ import annotations

import numpy as np

from sevenfold.refine.columns import Mask, Rows
from sevenfold.refine.table import Table

__all__ = ["record_numbers", "record_starts"]


def record_starts(table: Table) -> Mask:
    """Return per row whether it begins a record.

    A row does where its first cell holds data, where all its cells are blank, and where no row above holds data in the
    first column. The record lasts until the next one begins.
    """
    if not table.columns:
        return np.ones(table.height, dtype=np.bool_)
    keys = ~table.columns[0].no_data()
    dependent = np.zeros(table.height, dtype=np.bool_)
    for column in table.columns[1:]:
        dependent |= ~column.no_data()
    seen = np.logical_or.accumulate(keys) if len(keys) else keys
    return keys | ~dependent | ~seen


def record_numbers(table: Table) -> Rows:
    """Return per row the number of its record, from 0."""
    return np.cumsum(record_starts(table), dtype=np.intp) - 1
