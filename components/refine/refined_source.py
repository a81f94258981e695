"""The table that a plan names, after its recipe: what every stage that reads a table reads instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.refine.cell_text import cell_text
from sevenfold.refine.columns import Column
from sevenfold.refine.import_csv import read_table
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.record_lines import record_lines
from sevenfold.refine.replay import Change, replay
from sevenfold.refine.table import Table
from sevenfold.tables.parts import check_part, part_names, parts_of, table_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RefinedSource", "TableFormat", "check_form", "refine_source"]


class TableFormat(Protocol):
    """How the fields of a table are written; a plan's section `data` and a sniffed dialect both say it."""

    @property
    def delimiter(self) -> str: ...  # noqa: D102
    @property
    def encoding(self) -> str: ...  # noqa: D102
    @property
    def quote(self) -> str: ...  # noqa: D102
    @property
    def escape(self) -> str: ...  # noqa: D102
    @property
    def skip_initial_space(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class RefinedSource:
    """A table before and after a recipe, and what each step did.

    `table` is without the rows whose cells are all null, which no export holds. `starts` are the numbers of the first
    row of each file in `raw`.
    """

    paths: tuple[Path, ...]
    form: TableFormat
    recipe: Recipe
    raw: Table
    table: Table
    changes: list[Change]
    starts: tuple[int, ...]

    def texts(self, decimal: str = ".") -> pa.Table:
        """Return the refined table as Arrow dictionaries of texts, as a CSV export of it reads; a null is empty."""
        import pyarrow as pa

        arrays = [_texts(column, decimal) for column in self.table.columns]
        return pa.table(arrays, names=self.table.names)

    def write(self, path: Path, decimal: str = ".") -> None:
        """Write the refined table as a Parquet file of texts."""
        import pyarrow.parquet as pq

        pq.write_table(self.texts(decimal), path, compression="none", write_statistics=False)

    def located(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of refined rows, numbered from 1, the numbers of their files and their lines there.

        Of Parquet a line is a row, from 1. A row that a step added has line 0 of the first file.
        """
        sources = self.table.from_rows[rows - 1]
        files = np.searchsorted(np.array(self.starts), sources, side="right") - 1
        lines = np.zeros(len(rows), dtype=np.int64)
        for number in np.unique(files[sources >= 0]).tolist():
            mine = (files == number) & (sources >= 0)
            lines[mine] = self._lines(number)[sources[mine] - self.starts[number]]
        return np.where(sources >= 0, files, 0), lines

    def _lines(self, file: int) -> NDArray[np.int64]:
        if file not in self._known_lines:
            self._known_lines[file] = record_lines(self.paths[file], self.form.delimiter, self.form.encoding)
        return self._known_lines[file]

    @cached_property
    def _known_lines(self) -> dict[int, NDArray[np.int64]]:
        return {}


def refine_source(
    table: Path | Sequence[Path],
    form: TableFormat,
    recipe: Recipe,
    on_change: Callable[[Change], None] | None = None,
) -> RefinedSource:
    """Read a table as OpenRefine's importer does, all texts, and replay a recipe on it.

    The values of a Parquet file become the texts that a CSV of them holds, numbers with a point.

    Raises:
        DataError: ``refine_format`` where the plan reads the file in a way that the importer does not know,
            ``no_rows``, ``part_columns``, what `read_table` raises, and what a step is refused for.
    """
    check_form(form)
    paths = parts_of(table)
    names = part_names(paths)
    parts = [read_table(path, form.delimiter, form.encoding) for path in paths]
    for part, name in zip(parts[1:], names[1:], strict=True):
        check_part(part.names, parts[0].names, name, names[0])
    starts = tuple(np.cumsum([0, *(part.height for part in parts[:-1])]).tolist())
    raw = _joined(parts)
    if not raw.height:
        raise DataError("no_rows", f"A table must have rows, but {table_name(paths)} has a header only.")
    refined, changes = replay(raw, recipe.history, on_change)
    refined = _without_empty(refined)
    if not refined.height:
        raise DataError(
            "no_rows",
            f"A refined table must have rows, but the recipe leaves none of the {raw.height:,} of {table_name(paths)}.",
            remedy="See in the recipe which step removes them.",
        )
    return RefinedSource(paths, form, recipe, raw, refined, changes, starts)


def check_form(form: TableFormat) -> None:
    """Refuse a way of writing fields that OpenRefine's importer does not read by default.

    Raises:
        DataError: ``refine_format``.
    """
    odd = [
        f"{key}: {value!r}"
        for key, value, usual in (
            ("quote", form.quote, '"'),
            ("escape", form.escape, ""),
            ("skip_initial_space", form.skip_initial_space, False),
        )
        if value != usual
    ]
    if odd:
        raise DataError(
            "refine_format",
            "A table with a recipe must be written as OpenRefine reads it, quotes doubled and without spaces after "
            f"delimiters, but the plan says {', '.join(odd)}.",
            remedy="Write the table with doubled quotes, or refine it first with sevenfold refine.",
        )


def _without_empty(table: Table) -> Table:
    """Return the rows that an export has: not those whose cells are all null."""
    filled = np.zeros(table.height, dtype=np.bool_)
    for column in table.columns:
        filled |= ~column.null()
    return table if filled.all() else table.take(filled)


def _joined(parts: Sequence[Table]) -> Table:
    """Return the rows of all parts, in the order of the first one's columns."""
    if len(parts) == 1:
        return parts[0]
    columns = []
    for name in parts[0].names:
        cells: list[Any] = []
        for part in parts:
            cells += part.column(name).cells()
        columns.append(Column.of(name, cells))
    return Table.of(columns, sum(part.height for part in parts))


def _texts(column: Column, decimal: str) -> pa.DictionaryArray:
    import pyarrow as pa

    index: dict[str, int] = {}
    codes = [index.setdefault(cell_text(value, decimal), len(index)) for value in column.values]
    taken = np.array(codes or [0], dtype=np.int32)[column.codes]
    return pa.DictionaryArray.from_arrays(pa.array(taken), pa.array(list(index), pa.string()))
