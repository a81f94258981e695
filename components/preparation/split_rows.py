"""The rows of a table with their target and the side that each falls on, and what is said of them in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Task
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import DuplicateRows, PreparationSection, SplitBy
from sevenfold.preparation.held_out import hold_out
from sevenfold.preparation.prepared import DuplicateCounts, RowTimes, is_date
from sevenfold.preparation.store import RowStore
from sevenfold.preparation.timeline import timeline
from sevenfold.report.quantity import quantity
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.duplicates import Duplicates, compared, find_duplicates
from sevenfold.tables.labels import class_names
from sevenfold.tables.masked import as_numbers
from sevenfold.tables.numbers import IN_MEMORY, Numbers
from sevenfold.tables.row_hashes import KeyColumn
from sevenfold.tables.split import check_split, group_codes, split_by_group, split_by_time, split_stratified

__all__ = ["SplitRows", "Targets", "split_rows", "targets_of"]


@dataclass(frozen=True)
class Targets:
    """The target of each row, shape ``[n]``: its value, float64, or the index of its class, a small integer."""

    values: NDArray[Any]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class SplitRows:
    """The side of each row, int8 of shape ``[n]``; `times` only where the split goes by time.

    `duplicates` counts the rows that stand more than once, None where the plan says that it does not matter. A split by
    time does not go by them, so they are looked for when it is called, in the store that was split.
    """

    sides: NDArray[np.int8]
    times: RowTimes | None
    duplicates: Callable[[], DuplicateCounts | None]


def targets_of(values: ColumnChunks, data: DataSection) -> Targets:
    """Return the target of each row, and the classes, frozen from all labels of the table.

    Raises:
        DataError: ``constant_target``, and what `class_names` raises.
    """
    if data.task is Task.REGRESSION:
        numbers = _filled(values, np.float64)
        if numbers.min() == numbers.max():
            raise DataError(
                "constant_target",
                f"The target {data.target!r} must vary, but is the same in {quantity(len(numbers), 'row')}.",
                remedy="See whether the table was filtered, or name another target.",
            )
        return Targets(numbers, ())
    names = next(iter(values)).dictionary.to_pylist()
    counts = np.zeros(len(names), dtype=np.int64)
    for chunk in values:
        counts += np.bincount(as_numbers(chunk.indices), minlength=len(names))
    classes = class_names({name: int(count) for name, count in zip(names, counts, strict=True) if count}, data)
    index_of = {name: index for index, name in enumerate(classes)}
    small = np.min_scalar_type(-len(classes))  # there is one per row
    class_of = np.array([index_of.get(name, -1) for name in names], dtype=small)
    targets = np.empty(len(values), dtype=small)
    for span, chunk in values.spans():
        targets[span] = class_of[as_numbers(chunk.indices)]
    return Targets(targets, classes)


def split_rows(
    store: RowStore,
    data: DataSection,
    section: PreparationSection,
    targets: Targets,
    earlier: Earlier | None = None,
) -> SplitRows:
    """Draw the split, or take that of the plan, and see that every side can be used.

    Rows that tested an `earlier` dataset's model test again.

    Raises:
        IntegrityError: if the earlier dataset is not what was sealed.
        DataError: ``split_dates``, ``empty_split``, ``too_few_groups``, ``rare_class``.
    """
    split, target, classes = section.split, targets.values, targets.classes
    by_time = split.by is SplitBy.TIME
    # which rows are one record counts for the other splits only
    duplicates = None if by_time else _duplicates(store, data, section)
    record = None if duplicates is None else duplicates.record
    if by_time:
        moments = _moments(store, data, split.column)
        sides = split_by_time(moments, split, data.columns[split.column])
    elif split.by is SplitBy.GROUP:
        sides = split_by_group(group_codes(store.column(split.column).whole()), split, record)
    else:
        sides = split_stratified(target, split, classes=len(classes), first=record)
    sides = hold_out(sides, store, earlier) if earlier is not None else sides
    check_split(sides, target, classes, split, hidden=data.columns[data.target].sensitive)
    if not by_time:
        counts = DuplicateCounts.of(duplicates, sides) if duplicates is not None else None
        return SplitRows(sides, None, lambda: counts)
    dates = is_date(data, split.column)
    spans = timeline(moments, target, sides, classes, is_date=dates)

    def counted() -> DuplicateCounts | None:
        looked_for = _duplicates(store, data, section)
        return None if looked_for is None else DuplicateCounts.of(looked_for, sides)

    return SplitRows(sides, RowTimes.of(moments, sides, spans, is_date=dates), counted)


def _moments(store: RowStore, data: DataSection, name: str) -> Numbers:
    """Return the times that a split goes by: those of a long table stay in the store."""
    if store.rows > IN_MEMORY:
        return store.numbers(name)
    return _filled(store.column(name), np.float64 if data.columns[name].kind is Kind.NUMBER else np.int64)


def _filled(values: ColumnChunks, kind: type[Any]) -> NDArray[Any]:
    """Return numbers or moments of which none is missing, shape ``[n]``."""
    numbers = np.empty(len(values), dtype=kind)
    for span, chunk in values.spans():
        numbers[span] = as_numbers(chunk)
    return numbers


def _duplicates(store: RowStore, data: DataSection, section: PreparationSection) -> Duplicates | None:
    """Return which rows are the same record; None where the plan says that it does not matter."""
    if section.split.duplicates is DuplicateRows.IGNORE:
        return None
    kept = store.schema.names if store.schema is not None else []
    main, others = (
        [KeyColumn(name, partial(store.column, name)) for name in names if name in kept]
        for names in compared(data.columns, data.target)
    )
    return find_duplicates(main, others, store.rows, store.path.parent)
