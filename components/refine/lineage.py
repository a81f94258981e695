"""Which columns of a table decide each column of what row-local steps make of it, and which steps matter for that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sevenfold.refine.columns import Column
from sevenfold.refine.facets import EngineConfig
from sevenfold.refine.operations.column_addition import ColumnAddition
from sevenfold.refine.operations.column_split import ColumnSplit
from sevenfold.refine.operations.mass_edit import MassEdit
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.operations.row_marks import RowFlag, RowKeepMatched, RowRemoval, RowStar
from sevenfold.refine.operations.text_transform import TextTransform
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table

__all__ = ["Lineage", "Origin", "needed_steps", "trace"]

NOTHING: Final = "null"  # the expression of an empty column


@dataclass(frozen=True)
class Origin:
    """What a column is made of: columns of the first table, and the numbers of the steps whose expressions made it.

    `unread` is the one column that it is, under whatever name, as long as no step has read or written it.
    """

    columns: frozenset[str] = frozenset()
    steps: frozenset[int] = frozenset()
    unread: str = ""

    def __or__(self, other: Origin) -> Origin:
        return Origin(self.columns | other.columns, self.steps | other.steps)


@dataclass(frozen=True)
class Lineage:
    """The origin of each column after the steps, by name; and of what decides, by step, which rows are removed."""

    columns: dict[str, Origin]
    removals: dict[int, Origin]

    def made_of(self, names: Collection[str]) -> Origin:
        """Return what some columns are made of together."""
        found = Origin()
        for name in names:
            found |= self.columns[name]
        return found


def trace(names: Sequence[str], steps: Sequence[Step]) -> Lineage:
    """Follow the columns of a table through row-local steps, each column split with its number of columns.

    Raises:
        DataError: a step is refused, such as one that names a column that is not there.
    """
    table = Table.of((Column.filled(name, None, 0) for name in names), 0)
    origins = {name: Origin(frozenset({name}), unread=name) for name in names}
    marks, removals = Origin(), dict[int, Origin]()
    for number, step in enumerate(steps):
        after = step.apply(table)
        if not isinstance(step, StepOnRows):
            before = {id(column.codes): origins[column.name] for column in table.columns}
            origins = {column.name: before[id(column.codes)] for column in after.columns}
            table = after
            continue
        cells = [] if _makes_nothing(step) else step.cells_read()
        read = table.names if cells is None else [name for name in cells if name in origins]
        used = marks | Origin(steps=frozenset({number}))
        for name in read:
            used |= origins[name]
            origins[name] = Origin(origins[name].columns, origins[name].steps)
        if isinstance(step, (RowRemoval, RowKeepMatched)):
            removals[number] = used
            continue  # a row is not removed here, and the columns stay the same ones
        if isinstance(step, (RowStar, RowFlag)):
            marks = used
        if isinstance(step, (TextTransform, MassEdit)):
            origins[step.column_name] |= used
        origins = {name: origins.get(name, used) for name in after.names}
        table = after
    return Lineage(origins, removals)


def _makes_nothing(step: Step) -> bool:
    """Whether a step only adds an empty column."""
    return isinstance(step, ColumnAddition) and step.expression == NOTHING and not step.engine_config.facets


def needed_steps(names: Sequence[str], steps: Sequence[Step], wanted: Collection[str]) -> list[Step]:
    """Return what of row-local steps some columns need: the others are left out, or make empty columns.

    A step that removes rows stays where it can be decided by what the wanted columns are made of.
    """
    lineage = trace(names, steps)
    goal = lineage.made_of([name for name in wanted if name in lineage.columns])
    decided = {number: origin for number, origin in lineage.removals.items() if origin.columns <= goal.columns}
    useful = goal.steps.union(decided, *(origin.steps for origin in decided.values()))
    kept: list[Step] = []
    for number, step in enumerate(steps):
        if number in useful or not isinstance(step, StepOnRows):
            kept.append(step)
        elif isinstance(step, ColumnAddition):
            kept.append(step.model_copy(update={"expression": NOTHING, "engine_config": EngineConfig()}))
        elif isinstance(step, ColumnSplit):
            kept.append(step.model_copy(update={"engine_config": EngineConfig()}))
    return kept
