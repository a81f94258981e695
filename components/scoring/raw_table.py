"""A table of raw rows as a bundle takes them: CSV or Parquet, read as the table of its training was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import DataError, InputError
from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.contracts.signature import Signature
from sevenfold.plan.data import DataSection
from sevenfold.tables.dialect import sniff
from sevenfold.tables.reader import TableReader

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RawTable", "read_raw_table"]


@dataclass(frozen=True)
class RawTable:
    """The rows of a table that can be read, with the bundle's input columns, as `feeds_from_table` takes them.

    `refused` counts rows that cannot be read, and `reasons` says why; "" where there are none. `removed` counts those
    that the bundle's recipe removed, as it did in training.
    """

    table: pa.Table
    refused: int
    reasons: str
    removed: int = 0


def read_raw_table(path: Path, signature: Signature, *, encoding: str = "", refined: bool = False) -> RawTable:
    """Read the columns that a bundle takes from a CSV or Parquet file; other columns are ignored.

    Values mean what they meant in training: the same texts are missing, true or a date. A value outside the range or
    the categories of the plan is kept: it is what a comparison is there to show.

    Args:
        path: the file.
        signature: what the bundle takes, and how the table of its training wrote values.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says. It is the file's own
            matter: the same rows in another encoding are the same table.
        refined: whether the rows have been through the bundle's recipe already; where it has none that a row can go
            through, they must have.

    Raises:
        DataError: ``no_such_file``, ``no_rows`` where there is none or none can be read, or what `TableReader` raises.
        InputError: ``missing_field`` where a column is not there.
    """
    if not path.is_file():
        raise DataError(
            "no_such_file",
            f"The table must be a file, but {path.name!r} is not there.",
            remedy="Give the path of a CSV or Parquet file.",
        )
    refinement = signature.refinement
    if refined or refinement is None or not refinement.takes_raw_rows:
        return _read(path, signature, encoding)
    from sevenfold.scoring.refined_file import write_refined  # only a recipe needs the package regex

    with TemporaryDirectory(prefix="sevenfold-") as work:
        copy = Path(work) / f"refined-{path.name[-100:]}"
        removed = write_refined(path, signature, copy, encoding=encoding)
        return replace(_read(copy, signature, ""), removed=removed)


def _read(path: Path, signature: Signature, encoding: str) -> RawTable:
    import pyarrow as pa

    reader = TableReader(path, _section(path, signature, encoding))
    batches = [batch.select(list(signature.inputs)) for batch in reader]
    if not batches or not sum(map(len, batches)):
        raise DataError(
            "no_rows",
            f"At least one row must be readable as in training, but none of the {reader.rows} of {path.name!r} is: "
            f"{reader.quarantine.reasons()}.",
            remedy="Give a table with the columns and the notation of the training table.",
        )
    quarantine = reader.quarantine
    return RawTable(pa.Table.from_batches(batches).unify_dictionaries(), quarantine.bad, quarantine.reasons())


def _section(path: Path, signature: Signature, encoding: str) -> DataSection:
    """Return the section of a plan for the file: the bundle's columns, and what else is there as ignored."""
    dialect = sniff(path, encoding)
    notation = signature.notation
    free = {"range": None, "categories": None, "role": Role.FEATURE}
    inputs = {name: column.model_copy(update=free) for name, column in signature.inputs.items()}
    section = DataSection(
        source=path.name,
        target=signature.target,
        task=signature.task,
        encoding=dialect.encoding,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape,
        skip_initial_space=dialect.skip_initial_space,
        decimal=notation.decimal,
        thousands=notation.thousands,
        missing=notation.missing,
        columns=inputs,
    )
    names = TableReader(path, section).schema().names
    crossing = signature.refinement is not None and not signature.refinement.takes_raw_rows
    remedy = "The bundle takes refined rows only: replay its recipe with sevenfold refine first." if crossing else ""
    for name in inputs:
        if name not in names:
            raise InputError(
                "missing_field",
                f"The table must have every column of the bundle, but {path.name!r} lacks {name!r}.",
                field=name,
                remedy=remedy,
            )
    # sensitive ones that nothing needs are not even read
    ignored = Column(kind=Kind.CATEGORY, role=Role.IGNORE, sensitive=True)
    return section.replaced(columns={**inputs, **{name: ignored for name in names if name not in inputs}})
