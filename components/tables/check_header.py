"""What the header of a table shows before a row is read: whether it can be read at all as the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role
from sevenfold.plan.data import DataSection
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.header import check_columns
from sevenfold.tables.parts import part_names, parts_of
from sevenfold.tables.reader import TableReader

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_header", "unreadable_types"]


def check_header(table: Path | Sequence[Path], data: DataSection) -> None:
    """Check format, encoding, delimiter and columns of a table, of each of its files, of Parquet its types too.

    Raises:
        DataError: the first fault, with the code that reading the rows would give.
    """
    paths = parts_of(table)
    for path, name in zip(paths, part_names(paths), strict=True):
        schema = TableReader(path, data).schema()
        check_columns(schema.names, data, name)
        for fault in unreadable_types(schema, data).values():
            raise fault


def unreadable_types(schema: pa.Schema, data: DataSection) -> dict[str, DataError]:
    """Return a fault for each column, by name, whose type cannot be read as the kind that the plan declares."""
    notation, faults = data.notation, dict[str, DataError]()
    for field in schema:
        column = data.columns.get(field.name)
        if column is None or column.role in (Role.IGNORE, Role.IDENTIFIER):
            continue
        try:
            parse_arrow(_no_values(field.type), column, notation, field.name)
        except DataError as fault:
            faults[field.name] = fault
    return faults


def _no_values(kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return pa.array([], kind)
