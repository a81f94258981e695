"""What becomes of a generated table: a plan that `init` proposes, carried out by preparation, and no row lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from generated_tables import GeneratedTable

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.contracts.schema import Kind, Role
from sevenfold.contracts.signature import Signature
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.raw_table import read_raw_table

__all__ = ["SPLITS", "Carried", "assert_equal_values", "carry_out", "kinds_and_roles"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Carried:
    """What became of a table; `refusal` is the code of its refusal by `init`, or ""."""

    refusal: str
    plan: Plan | None = None
    prepared: Prepared | None = None
    tables: tuple[pa.Table, ...] = ()


def carry_out(path: Path, table: GeneratedTable) -> Carried:
    """Propose a plan for a table and have preparation carry it out."""
    try:
        proposal = propose_plan(path, table.target, max_bad_fraction=table.max_bad_fraction)
    except SevenfoldError as error:
        assert isinstance(error, DataError), error
        return Carried(error.code)
    assert notices(proposal.findings)
    plan, folder = proposal.plan, path.with_suffix(".dataset")
    prepared = prepare(path, plan.data, plan.preparation, folder)
    dataset = Dataset.open(folder)
    tables = tuple(dataset.table(split) for split in SPLITS)
    check_every_row(table, prepared, folder)
    check_raw_rows(path, dataset, tables, table.rows)
    return Carried("", plan, prepared, tables)


def check_every_row(table: GeneratedTable, prepared: Prepared, folder: Path) -> None:
    """No row is lost without a reason."""
    import pyarrow.parquet as pq

    refused = pq.read_table(folder / "quarantine.parquet")
    assert prepared.rows == table.rows
    assert sum(prepared.splits.values()) + refused.num_rows == table.rows
    assert all(refused["code"].to_pylist())
    assert Counter(refused["code"].to_pylist()) == Counter(prepared.refused)


def check_raw_rows(path: Path, dataset: Dataset, tables: tuple[pa.Table, ...], rows: int) -> None:
    """The rows of the dataset, read again as raw rows, make the same feeds."""
    schema = dataset.schema
    inputs = schema.features
    signature = Signature(
        task=schema.task, target=schema.target, classes=schema.classes, inputs=inputs, notation=schema.notation
    )
    raw = read_raw_table(path, signature)
    assert raw.table.num_rows + raw.refused == rows
    prepared = Counter(row for table in tables for row in feed_rows(table, signature))
    assert prepared <= Counter(feed_rows(raw.table, signature))


def feed_rows(table: pa.Table, signature: Signature) -> list[tuple[Any, ...]]:
    feeds = feeds_from_table(table, signature.inputs)
    columns = [["missing" if value != value else value for value in feeds[name].tolist()] for name in sorted(feeds)]
    return list(zip(*columns, strict=True))


def kinds_and_roles(plan: Plan) -> dict[str, tuple[Kind | None, Role]]:
    """A column without values has in Parquet a type all the same, and in a CSV no kind."""
    columns = plan.data.columns
    return {name: (None if "no values" in c.note else c.kind, c.role) for name, c in columns.items()}


def assert_equal_values(expected: pa.ChunkedArray, made: pa.ChunkedArray, narrow: bool) -> None:
    if narrow and pa.types.is_floating(expected.type):
        np.testing.assert_allclose(made.to_numpy(), expected.to_numpy(), rtol=1e-6)
    else:
        assert made.to_pylist() == expected.to_pylist()
