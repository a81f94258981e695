"""Replay a history on a table, and record what each step changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column, key_of
from sevenfold.refine.history import History
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table

__all__ = ["Change", "Example", "replay"]

EXAMPLES: Final = 3


@dataclass(frozen=True)
class Example:
    """A cell before and after a step, and how many cells changed in the same way."""

    column: str
    before: Any
    after: Any
    cells: int


@dataclass(frozen=True)
class Change:
    """What one step did.

    `rows` is the number of rows before and after. `cells` counts changed cells of columns that were there before, where
    the rows stay the same ones, and `changed` names these columns. `added` and `removed` name others, `moved` says that
    their order changed, `marked` counts rows whose star or flag did.
    """

    index: int
    step: Step
    rows: tuple[int, int]
    cells: int = 0
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: bool = False
    marked: int = 0
    reordered: bool = False
    examples: tuple[Example, ...] = field(default=())

    @property
    def nothing(self) -> bool:
        """Whether the step changed nothing at all."""
        same_rows = self.rows[0] == self.rows[1] and not self.reordered
        return same_rows and not (self.cells or self.added or self.removed or self.moved or self.marked)


def replay(
    table: Table, history: History, on_change: Callable[[Change], None] | None = None, examples: int = EXAMPLES
) -> tuple[Table, list[Change]]:
    """Return the table after all steps, and what each of them changed, with at most so many `examples` of a column.

    Raises:
        DataError: a step that OpenRefine refuses on this table; the message names its index and operation.
    """
    changes = []
    for index, step in enumerate(history.steps):
        try:
            after = step.apply(table)
        except DataError as error:
            raise DataError(
                error.code, f"Step {index} ({step.op}) is refused: {error.message}", remedy=error.remedy
            ) from error
        change = _change(index, step, table, after, examples)
        changes.append(change)
        if on_change is not None:
            on_change(change)
        table = after
    return table, changes


def _change(index: int, step: Step, before: Table, after: Table, most: int) -> Change:
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    kept = [name for name in before.names if name in new]
    rows, cells, marked, reordered = (before.height, after.height), 0, 0, False
    changed, examples = [], []
    if before.height == after.height and not step.moves_rows:
        for name in kept:
            count, found = _changed(old[name], new[name], most)
            cells += count
            changed += [name] if count else []
            examples += found
        marked = int(np.sum((before.starred != after.starred) | (before.flagged != after.flagged)))
    elif before.height == after.height:
        reordered = any(_changed(old[name], new[name], 0)[0] for name in kept)
    return Change(
        index,
        step,
        rows,
        cells,
        tuple(changed),
        tuple(name for name in after.names if name not in old),
        tuple(name for name in before.names if name not in new),
        kept != [name for name in after.names if name in old],
        marked,
        reordered,
        tuple(sorted(examples, key=lambda example: -example.cells)[:most]),
    )


def _changed(old: Column, new: Column, most: int) -> tuple[int, list[Example]]:
    """Return how many cells differ, and the most frequent ways in which they do."""
    if old is new or (old.codes is new.codes and old.values is new.values):
        return 0, []
    known = {key_of(value): code for code, value in enumerate(old.values)}
    as_old = np.array([known.get(key_of(value), -1) for value in new.values], dtype=np.int64)
    same = as_old[new.codes] == old.codes if len(as_old) else np.ones(len(new.codes), dtype=np.bool_)
    differs = np.flatnonzero(~same)
    if not len(differs):
        return 0, []
    pairs = old.codes[differs].astype(np.int64) * len(new.values) + new.codes[differs]
    distinct, counts = np.unique(pairs, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:most]
    examples = [
        Example(old.name, old.values[pair // len(new.values)], new.values[pair % len(new.values)], count)
        for pair, count in zip(distinct[first].tolist(), counts[first].tolist(), strict=True)
    ]
    return len(differs), examples
