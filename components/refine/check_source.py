"""What the header of a table with a recipe shows before a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sevenfold.contracts.errors import DataError
from sevenfold.plan.data import DataSection
from sevenfold.refine.columns import Column
from sevenfold.refine.history import History
from sevenfold.refine.import_csv import import_csv, is_parquet
from sevenfold.refine.operations.column_split import ColumnSplit
from sevenfold.refine.operations.key_value import KeyValueColumnize
from sevenfold.refine.operations.row_addition import RowAddition
from sevenfold.refine.recipe import load_recipe
from sevenfold.refine.refined_source import check_form
from sevenfold.refine.table import Table
from sevenfold.tables.check_header import check_header
from sevenfold.tables.encoding import utf8_chunks
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.header import check_columns, split_header
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.parts import part_names, parts_of

__all__ = ["check_source", "raw_names", "refined_names"]

BY_VALUES: Final = (ColumnSplit, KeyValueColumnize)  # the values decide which columns there are


def check_source(table: Path | Sequence[Path], data: DataSection, recipe: str, base: Path) -> None:
    """Check the header of each file of a table, as the plan's recipe leaves it where it has one.

    Args:
        table: the file or files.
        data: the plan's section.
        recipe: path or address of the recipe; "" for none. What lies at an address is not fetched here.
        base: what a relative path starts from.

    Raises:
        DataError: what `check_header` raises; ``refine_format``, ``refine_history``, and what a step is refused for.
    """
    if not recipe:
        check_header(table, data)
        return
    if "://" in recipe:
        return
    check_form(data)
    with TemporaryDirectory(prefix="sevenfold-") as work:
        history = load_recipe(recipe, base, Path(work)).history
    paths = parts_of(table)
    for path, name in zip(paths, part_names(paths), strict=True):
        names = refined_names(raw_names(path, data), history)
        if names is not None:
            check_columns(names, data, f"refined {name}")


def raw_names(path: Path, data: DataSection) -> list[str]:
    """Return the columns that a table has before its recipe, as far as its header names them.

    Raises:
        DataError: the file cannot be read.
    """
    if is_parquet(path):
        return ParquetTable(path).names
    head = split_header(utf8_chunks(path, data.encoding), FieldStyle.planned(data), path, data.encoding)
    quoted = data.delimiter.join('"' + name.replace('"', '""') + '"' for name in head.names)
    return import_csv(quoted, data.delimiter, path.name).names


def refined_names(names: Sequence[str], history: History) -> list[str] | None:
    """Return the columns that a recipe makes of those of a table; None where the values decide that.

    Raises:
        DataError: a step is refused on these columns, whatever the values are.
    """
    table = Table.of((Column.filled(name, None, 0) for name in names), 0)
    for number, step in enumerate(history.steps):
        if isinstance(step, BY_VALUES) or any(map(_beyond_header, set(step.columns_named()) - set(table.names))):
            return None
        if isinstance(step, RowAddition):
            continue  # its position is one among the rows
        try:
            table = step.apply(table)
        except DataError as error:
            raise DataError(
                error.code, f"Step {number} ({step.op}) is refused: {error.message}", remedy=error.remedy
            ) from error
    return table.names


def _beyond_header(name: str) -> bool:
    """Whether a name is one that the importer gives to the fields of records that are longer than the header."""
    return name.startswith("Column ") and name.removeprefix("Column ").isdigit()
