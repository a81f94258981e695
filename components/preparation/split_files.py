"""The files of the splits, written in the background: their rows are those of the table, whatever is fitted on them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from pathlib import Path
from threading import Event

from sevenfold.contracts.schema import Schema, Task
from sevenfold.contracts.split_names import files_of
from sevenfold.preparation.split_rows import SplitRows
from sevenfold.preparation.split_writer import sort_rows, write_splits
from sevenfold.preparation.store import RowStore
from sevenfold.runtime.freed_memory import FreedMemory
from sevenfold.tables.numbers import IN_MEMORY
from sevenfold.tables.split import LATER, SPLITS, side_sizes

__all__ = ["SplitFiles"]


class SplitFiles:
    """The files of the splits, Parquet files that one of some workers writes from now on.

    Args:
        workers: do the work.
        store: the rows.
        split: the side of each.
        schema: the columns, in the order of the files.
        folder: where the files go.
    """

    def __init__(self, workers: Executor, store: RowStore, split: SplitRows, schema: Schema, folder: Path) -> None:
        self._given_up = Event()
        self._freed = FreedMemory(IN_MEMORY)
        self._on_rows: Callable[[int], None] = lambda rows: None
        self._rows = workers.submit(self._write, store, split, schema, folder)

    def give_up(self) -> None:
        """Let the worker stop soon: nobody needs the files."""
        self._given_up.set()

    def rows(self, on_rows: Callable[[int], None]) -> dict[str, int]:
        """Wait until the files are written, and return how many rows each split has.

        Args:
            on_rows: called with the rows that are written so far.
        """
        self._on_rows = on_rows
        return self._rows.result()

    def _write(self, store: RowStore, split: SplitRows, schema: Schema, folder: Path) -> dict[str, int]:
        import pyarrow as pa

        later = None if split.times is None else split.times.later
        kinds = {item.name: item.type for item in store.schema or ()}
        if schema.task is Task.REGRESSION:
            kinds[schema.target] = pa.float64()
        arrow = pa.schema([pa.field(name, kinds[name]) for name in schema.columns])
        count = LATER if later is None else len(SPLITS)
        rows = dict(zip(SPLITS[:count], side_sizes(split.sides)[:count], strict=True))
        files = [files_of(name, some) for name, some in rows.items()]
        write_splits(store, split.sides, folder, files, arrow, self._report)
        if later is not None:
            sort_rows(folder, files[LATER], later, arrow)
        return rows

    def _report(self, rows: int) -> None:
        if self._given_up.is_set():
            raise CancelledError
        self._freed.after(rows)
        self._on_rows(rows)
