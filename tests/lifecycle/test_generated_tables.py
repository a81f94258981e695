"""Generated tables through `init` and preparation: a plan that is proposed is one that preparation carries out."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from generated_tables import GeneratedTable, generated_tables
from hypothesis import HealthCheck, given, settings

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.contracts.schema import Kind
from sevenfold.contracts.signature import Signature
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.raw_table import read_raw_table

EXAMPLES, SOAK_EXAMPLES = 250, 500  # each is a table as CSV and as Parquet; `make soak` repeats them twenty times
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


def check_alike(csv: Carried, parquet: Carried, narrow: set[str]) -> None:
    """What a CSV and a Parquet file of the same values became is the same."""
    assert csv.refusal == parquet.refusal
    if csv.plan is None or parquet.plan is None or csv.prepared is None or parquet.prepared is None:
        return
    assert csv.plan.data.task is parquet.plan.data.task
    assert csv.plan.preparation == parquet.plan.preparation
    known = {name: (column.kind, column.role) for name, column in csv.plan.data.columns.items()}
    assert {name: (column.kind, column.role) for name, column in parquet.plan.data.columns.items()} == known
    assert csv.prepared.refused_by_column == parquet.prepared.refused_by_column
    for expected, made in zip(csv.tables, parquet.tables, strict=True):
        assert made.column_names == expected.column_names
        for name in expected.column_names:
            assert_equal_values(expected[name], made[name], name in narrow)


def assert_equal_values(expected: pa.ChunkedArray, made: pa.ChunkedArray, narrow: bool) -> None:
    if narrow and pa.types.is_floating(expected.type):
        np.testing.assert_allclose(made.to_numpy(), expected.to_numpy(), rtol=1e-6)
    else:
        assert made.to_pylist() == expected.to_pylist()


def run_both(table: GeneratedTable) -> Carried:
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "table.csv", Path(folder) / "table.parquet"
        table.write_csv(paths[0])
        table.write_parquet(paths[1])
        as_csv, as_parquet = (carry_out(path, table) for path in paths)
    check_alike(as_csv, as_parquet, table.narrow)
    return as_csv


@pytest.mark.soak
def test_a_proposed_plan_is_carried_out_and_csv_and_parquet_are_alike(pytestconfig: pytest.Config) -> None:
    outcomes: Counter[str] = Counter()
    examples = SOAK_EXAMPLES if pytestconfig.getoption("--soak") > 1 else EXAMPLES

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(generated_tables())
    def run(table: GeneratedTable) -> None:
        outcomes[run_both(table).refusal] += 1

    run()
    assert outcomes[""] > 0.3 * examples, outcomes
