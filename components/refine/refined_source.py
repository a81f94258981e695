"""The table that a plan names, after its recipe: what every stage that reads a table reads instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.refine.raw_columns import RawColumns
from sevenfold.refine.raw_parts import RawParts
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.record_lines import record_lines
from sevenfold.refine.replay import Change
from sevenfold.refine.replay_parts import replay_parts
from sevenfold.refine.table import Table
from sevenfold.refine.text_file import RowOrigins, TextFile
from sevenfold.tables.parts import parts_of, table_name

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
    """A table after a recipe, written as a Parquet file of texts at `path`, and what is known of the table before it.

    The file is without the rows whose cells are all null, which no export holds. `starts` are the numbers of the first
    row of each file in the raw table.
    """

    paths: tuple[Path, ...]
    form: TableFormat
    recipe: Recipe
    raw: RawColumns
    path: Path
    rows: int
    changes: list[Change]
    starts: tuple[int, ...]
    origins: RowOrigins

    def located(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of refined rows, numbered from 1, the numbers of their files and their lines there.

        Of Parquet a line is a row, from 1. A row that a step added has line 0 of the first file.
        """
        sources = self.origins.rows[rows - 1]
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
    out: Path,
    decimal: str = ".",
    on_rows: Callable[[int], None] | None = None,
) -> RefinedSource:
    """Read a table as OpenRefine's importer does, all texts, replay a recipe on it, and write the texts that it leaves.

    The values of a Parquet file become the texts that a CSV of them holds, numbers with a point. A recipe of row-local
    steps is done part by part, any other to the whole table in memory.

    Args:
        table: the file or files.
        form: how their fields are written.
        recipe: the recipe.
        out: Parquet file to write, a column of texts each, as a CSV export of the refined table reads; a null is empty.
        decimal: the sign in numbers that steps made.
        on_rows: called with the number of raw rows done so far.

    Raises:
        DataError: ``refine_format`` where the plan reads the file in a way that the importer does not know,
            ``no_rows``, ``part_columns``, what `read_table` raises, and what a step is refused for.
    """
    check_form(form)
    raw = RawParts(parts_of(table), form.delimiter, form.encoding, whole=bool(recipe.crossing))
    with TextFile(out, raw, decimal) as file:

        def parts() -> Iterator[Table]:
            for part in raw.parts():
                if on_rows is not None:
                    on_rows(raw.known.rows)
                yield part

        changes = replay_parts(parts, recipe.history, file)
    if not file.rows:
        raise DataError(
            "no_rows",
            f"A refined table must have rows, but the recipe leaves none of the {raw.known.rows:,} of "
            f"{table_name(raw.paths)}.",
            remedy="See in the recipe which step removes them.",
        )
    return RefinedSource(raw.paths, form, recipe, raw.known, out, file.rows, changes, tuple(raw.starts), file.origins)


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
