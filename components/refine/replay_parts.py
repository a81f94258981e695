"""Replay row-local steps on a table part by part: the table that a replay of the whole gives, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column, key_of
from sevenfold.refine.history import History
from sevenfold.refine.operations.column_split import ColumnSplit
from sevenfold.refine.replay import EXAMPLES, Change, Example, replay
from sevenfold.refine.table import Table

__all__ = ["RefinedParts", "replay_parts"]

_KINDS: Final = 1_000  # ways in which cells change that are counted, of a column in a part and of a step


class RefinedParts(Protocol):
    """Where refined parts go."""

    def begin(self) -> None:
        """Forget what was written: the first part follows."""

    def learn(self, table: Table) -> bool:
        """Note of what kinds the cells of a part are; return whether what is written must be written anew for them."""

    def write(self, table: Table) -> None:
        """Take the next part."""


@dataclass
class _Shape:
    """What only the whole table shows: its columns, and how many of them each column split makes."""

    names: list[str] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)

    def history(self, history: History) -> History:
        """Return the steps, each column split with at least as many columns as it has made of a part."""
        steps = [
            step.model_copy(update={"columns_at_least": self.made.get(number, 0)})
            if isinstance(step, ColumnSplit)
            else step
            for number, step in enumerate(history.steps)
        ]
        return replace(history, steps=tuple(steps))

    def widened(self, part: Table) -> Table:
        """Return a part with all columns of the table."""
        missing = self.names[len(part.columns) :]
        return part.with_columns((*part.columns, *(Column.filled(name, None, part.height) for name in missing)))

    def learn(self, part: Table, changes: Iterable[Change]) -> bool:
        """Note what a part shows; return whether the parts before lack columns for it."""
        before = (len(self.names), dict(self.made))
        self.names = max(self.names, part.names, key=len)
        for change in changes:
            if isinstance(change.step, ColumnSplit):
                self.made[change.index] = max(self.made.get(change.index, 0), len(change.added))
        return before != (len(self.names), self.made)


@dataclass
class _Tally:
    """What the steps changed in all parts together."""

    changes: list[Change] = field(default_factory=list)
    kinds: list[dict[object, Example]] = field(default_factory=list)

    def add(self, changes: list[Change]) -> None:
        """Count what the steps changed in a part."""
        if not self.kinds:
            self.kinds = [{} for _ in changes]
        for kinds, change in zip(self.kinds, changes, strict=True):
            for example in change.examples:
                key = (example.column, key_of(example.before), key_of(example.after))
                known = kinds.get(key)
                if known is not None:
                    kinds[key] = replace(known, cells=known.cells + example.cells)
                elif len(kinds) < _KINDS:
                    kinds[key] = example
        pairs = zip(self.changes, changes, strict=True)
        self.changes = [_sum(one, other) for one, other in pairs] if self.changes else changes

    def total(self, history: History) -> list[Change]:
        """Return the changes with the most frequent examples, under the steps as they were recorded."""
        return [
            replace(change, step=step, examples=tuple(sorted(kinds.values(), key=lambda each: -each.cells)[:EXAMPLES]))
            for change, step, kinds in zip(self.changes, history.steps, self.kinds, strict=True)
        ]


def replay_parts(read: Callable[[], Iterator[Table]], history: History, out: RefinedParts) -> list[Change]:
    """Replay row-local steps on the parts of a table, write what comes of them, and return what each step changed.

    A part that makes more columns than those before it, of a longer record or of a split, has all of them done again.
    Examples are the most frequent among the first thousand ways in which a step changes cells.

    Args:
        read: yields the parts, at least one, from the first one each time.
        history: steps of which none says that it is `crossing`.
        out: takes the refined parts, in order.

    Raises:
        DataError: a step that OpenRefine refuses on this table; the message names its index and operation.
    """
    shape = _Shape()
    while True:
        tally, anew = _Tally(), False
        refusals: list[tuple[int, DataError]] = []  # by number of the step; one may need a column of a later part
        out.begin()
        for number, part in enumerate(read()):
            changes: list[Change] = []
            try:
                table, _ = replay(shape.widened(part), shape.history(history), changes.append, examples=_KINDS)
            except DataError as refusal:
                refusals.append((len(changes), refusal))
                anew |= shape.learn(part, changes)
                continue
            more = shape.learn(part, changes) | out.learn(table)
            anew |= more and number > 0
            if not anew and not refusals:
                out.write(table)
                tally.add(changes)
        if refusals and not anew:
            raise min(refusals, key=lambda pair: pair[0])[1]
        if not anew:
            return tally.total(history)


def _sum(one: Change, other: Change) -> Change:
    return replace(
        one,
        rows=(one.rows[0] + other.rows[0], one.rows[1] + other.rows[1]),
        cells=one.cells + other.cells,
        changed=tuple(dict.fromkeys((*one.changed, *other.changed))),
        marked=one.marked + other.marked,
    )
