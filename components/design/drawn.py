"""The random split that preparation will draw, and the duplicates that it will keep on one side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Role, Task
from sevenfold.design.document import positive_class
from sevenfold.design.roles import Proposed
from sevenfold.design.target import MIN_ROWS, TargetFacts
from sevenfold.design.typed_table import TypedTable
from sevenfold.plan.preparation import SplitSection
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.duplicates import Duplicates, find_duplicates
from sevenfold.tables.labels import class_order
from sevenfold.tables.row_hashes import KeyColumn
from sevenfold.tables.split import TRAIN, check_split, split_stratified

if TYPE_CHECKING:
    import polars as pl

__all__ = ["duplicates_of", "same_records", "with_drawn"]


def with_drawn(table: TypedTable, target: TargetFacts, duplicates: Duplicates | None, *, hidden: bool) -> TargetFacts:
    """Return the target with the rows that a random split trains on, where all rows of the table are known.

    Args:
        table: the table.
        target: its target; the rows with one are those that are split.
        duplicates: which of these are one record; None where that is not known yet.
        hidden: whether classes must not be named.

    Raises:
        DataError: ``empty_split``, ``rare_class``: preparation would refuse the split.
    """
    rows, section = np.flatnonzero(target.labelled), SplitSection()
    if not table.complete or len(rows) < MIN_ROWS:
        return replace(target, drawn=None)
    first = None if duplicates is None else duplicates.record
    codes, names = target.codes[rows], tuple(label for label, _ in target.classes)
    if names:
        order = class_order(names, positive_class(target)[0] if target.task is Task.BINARY else "")
        codes = np.array([order.index(name) for name in names])[codes]
        names = tuple(order)
    sides = split_stratified(codes, section, classes=len(names), first=first)
    check_split(sides, codes, names, section, hidden=hidden)
    drawn = np.zeros(len(target.codes), dtype=np.bool_)
    drawn[rows[sides == TRAIN]] = True
    return replace(target, drawn=drawn)


def duplicates_of(
    table: TypedTable, target: TargetFacts, roles: Mapping[str, Proposed], hidden: Mapping[str, str]
) -> Duplicates:
    """Return which of the rows with a target are the same record, as preparation will find them."""
    names = [name for name, proposed in roles.items() if proposed.role is Role.FEATURE]
    others = [
        name
        for name, proposed in roles.items()
        if proposed.role in (Role.TIME, Role.GROUP) or (proposed.role is Role.IDENTIFIER and not hidden[name])
    ]
    rows = target.labelled
    main, deciding = ([_key(table, name, rows) for name in some] for some in (names, others))
    # as classes, some of which may be merged
    main.insert(0, KeyColumn(target.name, partial(_codes, target.codes[rows])))
    return find_duplicates(main, deciding, int(np.count_nonzero(rows)))


def same_records(before: Duplicates | None, now: Duplicates) -> bool:
    """Whether the split drawn with `before` is the one drawn with `now`."""
    if before is None or before.rows != now.rows:
        return now.copies == 0
    return bool((before.first == now.first).all())


def _key(table: TypedTable, name: str, rows: NDArray[np.bool_]) -> KeyColumn:
    return KeyColumn(name, partial(_values, table.columns[name].values, rows))


def _codes(codes: NDArray[Any]) -> ColumnChunks:
    import pyarrow as pa

    return ColumnChunks.of(pa.array(codes))


def _values(values: pl.Series, rows: NDArray[np.bool_]) -> ColumnChunks:
    import polars as pl

    return ColumnChunks.of(values.filter(pl.Series(rows)).to_arrow())
