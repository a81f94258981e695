"""A file of raw rows after a bundle's recipe: what `TableReader` reads instead of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.signature import Signature
from sevenfold.refine.refined_source import check_form
from sevenfold.refine.row_refiner import RowRefiner
from sevenfold.refine.whole_table import read_table
from sevenfold.tables.dialect import sniff

__all__ = ["write_refined"]


def write_refined(path: Path, signature: Signature, out: Path, *, encoding: str = "") -> int:
    """Write the columns that a bundle takes as a Parquet file of texts, and return how many rows the recipe removed.

    Args:
        path: a CSV or Parquet file with the raw columns of the bundle; others are ignored.
        signature: of a bundle whose recipe a row can go through.
        out: the file to write.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says.

    Raises:
        InputError: ``missing_field`` where a column is not there; ``refine_refused``.
        DataError: the file cannot be read as OpenRefine reads it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    refinement = signature.refinement
    if refinement is None:
        raise ValueError("the bundle has no recipe")
    dialect = sniff(path, encoding)
    check_form(dialect)
    raw = read_table(path, dialect.delimiter, dialect.encoding)
    for name in signature.raw_inputs:
        if not raw.has(name):
            raise InputError(
                "missing_field",
                f"The table must have every raw column of the bundle, but {path.name!r} lacks {name!r}.",
                field=name,
                remedy="Where its rows have been through the recipe already, say so with --refined.",
            )
    cells = {name: raw.column(name).cells() for name in refinement.columns if raw.has(name)}
    refiner = RowRefiner(refinement, list(signature.inputs), signature.notation.decimal)
    refined = refiner.refine(cells, raw.height)
    columns = {
        name: refined.texts[name] if name not in refinement.passed else cells[refinement.passed[name]]
        for name in signature.inputs
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    kept = np.ones(raw.height, dtype=np.bool_)
    kept[refined.removed] = False
    pq.write_table(table.filter(pa.array(kept)), out, compression="none")
    return len(refined.removed)
