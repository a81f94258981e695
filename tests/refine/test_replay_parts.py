"""Row-local steps replayed on parts of a table: the file, and the account of each step, that the whole table gives."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from refine_cases import on_rows, split, step, transform
from refine_histories import generated_case
from refined import typed

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import History, parse_history
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.replay import replay
from sevenfold.refine.replay_parts import replay_parts
from sevenfold.refine.table import Table
from sevenfold.refine.write_table import table_file, write_table

SEEDS = 400


class Kept:
    """Takes the parts and keeps their cells."""

    def begin(self) -> None:
        self.rows: list[Any] = []
        self.names: list[str] = []

    def learn(self, table: Table) -> bool:
        return False

    def write(self, table: Table) -> None:
        assert not self.rows or self.names == table.names
        self.names = table.names
        cells = [column.cells() for column in table.columns]
        marks = zip(table.starred.tolist(), table.flagged.tolist(), strict=True)
        self.rows += [[*mark, *(typed(each[row]) for each in cells)] for row, mark in enumerate(marks)]


def cut(table: Table, size: int) -> Iterator[Table]:
    """The rows of a table, so many in a part."""
    for start in range(0, max(table.height, 1), size):
        rows = range(start, min(start + size, table.height))
        yield Table.of_rows(table.names, [[column.cell(row) for column in table.columns] for row in rows])


def account(changes: Any) -> Any:
    """What of each change must not depend on parts: of examples that are as frequent, some are shown."""
    return [
        (change.rows, change.cells, set(change.changed), change.added, change.removed, change.moved, change.marked,
         [example.cells for example in change.examples])
        for change in changes
    ]  # fmt: skip


def compared(table: Table, history: History, size: int) -> None:
    """Compare a replay in parts with that of the whole table."""
    kept = Kept()
    try:
        whole, changes = replay(table, history)
    except DataError as refusal:
        with pytest.raises(DataError) as refused:
            replay_parts(lambda: cut(table, size), history, kept)
        assert str(refused.value) == str(refusal)
        return
    made = replay_parts(lambda: cut(table, size), history, kept)
    wanted = Kept()
    wanted.begin()
    wanted.write(whole)
    assert (kept.names, kept.rows) == (wanted.names, wanted.rows)
    assert account(made) == account(changes)
    assert [change.step for change in made] == list(history.steps)


def test_generated_row_local_histories_give_the_same_in_parts() -> None:
    local = 0
    for seed in range(SEEDS):
        text, operations = generated_case(seed)
        history = parse_history(operations)
        kept = tuple(each for each in history.steps if not each.crossing())
        if kept:
            local += 1
            compared(import_csv(text), History(kept), random.Random(seed).randint(1, 5))
    assert local > SEEDS * 0.7


def test_a_split_makes_as_many_columns_as_of_the_whole_table() -> None:
    table = import_csv("b\nx\ny,1\nz,1,2|3|4,5\nv,6|7\n")
    nested = [split(), split(columnName="b 3", separator="|"), transform("b 3 3", "value + 1")]
    for size in (1, 2, 3):
        compared(table, parse_history(nested), size)


def test_columns_that_other_parts_make_first_are_waited_for() -> None:
    # Only the first row has a second |, and only the second one a second comma.
    table = import_csv('b,c\n"x",1|2|3\n"x,y,z",1\n')
    history = [split(), split(columnName="c", separator="|"), transform("b 3", "value"), transform("c 3", "value")]
    compared(table, parse_history(history), 1)


def test_a_refusal_in_any_part_refuses_the_table() -> None:
    table = import_csv("b\nx\ny\nz\n")
    compared(table, parse_history([transform("b", "value.trim()"), transform("gone", "value")]), 1)


@pytest.mark.parametrize("name", ["clean.csv", "clean.parquet"])
def test_the_file_holds_what_the_whole_table_holds(tmp_path: Path, name: str) -> None:
    table = import_csv("a,b\n,\n1,x\n1.5,\n9007199254740993,y\n,z\n,\n")
    history = parse_history([transform("a", "value.toNumber()"), step("row-star", on_rows(), starred=True)])
    whole, parts = tmp_path / name, tmp_path / f"parts-{name}"
    write_table(replay(table, history)[0], whole)
    with table_file(parts) as file:
        replay_parts(lambda: cut(table, 1), history, file)
    if name.endswith("csv"):
        assert parts.read_bytes() == whole.read_bytes()
    else:
        assert pl.read_parquet(parts).equals(pl.read_parquet(whole))
        assert pl.read_parquet(parts).schema == pl.read_parquet(whole).schema
    assert (file.rows, file.columns) == (6, 2)


def test_no_more_than_two_parts_are_held_at_once() -> None:
    alive: list[weakref.ref[Table]] = []

    def read() -> Iterator[Table]:
        for number in range(20):
            gc.collect()
            assert sum(part() is not None for part in alive) <= 2
            part = import_csv(f"a\n {number} \n")
            alive.append(weakref.ref(part))
            yield part

    class Dropped(Kept):
        def write(self, table: Table) -> None:
            pass

    replay_parts(read, parse_history([transform("a", "value.trim()")]), Dropped())
    assert len(alive) == 20
