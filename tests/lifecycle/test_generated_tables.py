"""Generated tables through `init` and preparation: a plan that is proposed is one that preparation carries out."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from carried_tables import Carried, assert_equal_values, carry_out, kinds_and_roles
from generated_tables import CsvDialect, GeneratedColumn, GeneratedTable, generated_tables
from hypothesis import HealthCheck, given, settings

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.notices import notices
from sevenfold.design.propose import propose_plan
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.feeds import feeds_from_table

EXAMPLES, SOAK_EXAMPLES = 250, 500  # each is a table as CSV and as Parquet; `make soak` repeats them twenty times


def check_alike(csv: Carried, parquet: Carried, narrow: set[str]) -> None:
    """What a CSV and a Parquet file of the same values became is the same."""
    assert csv.refusal == parquet.refusal
    if csv.plan is None or parquet.plan is None or csv.prepared is None or parquet.prepared is None:
        return
    assert csv.plan.data.task is parquet.plan.data.task
    assert csv.plan.preparation == parquet.plan.preparation
    assert kinds_and_roles(parquet.plan) == kinds_and_roles(csv.plan)
    assert csv.prepared.refused_by_column == parquet.prepared.refused_by_column
    for expected, made in zip(csv.tables, parquet.tables, strict=True):
        assert made.column_names == expected.column_names
        for name in expected.column_names:
            if csv.plan.data.columns[name].role is Role.IGNORE:
                continue
            assert_equal_values(expected[name], made[name], name in narrow)


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

    # the same tables in every `make test`, others in every soak
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), derandomize=examples == EXAMPLES)
    @given(generated_tables())
    def run(table: GeneratedTable) -> None:
        outcomes[run_both(table).refusal] += 1

    run()
    assert outcomes[""] > 0.3 * examples, outcomes


def two_columns(kind: str, **odd: Any) -> GeneratedTable:
    target = GeneratedColumn("label", "yes or no", 3)
    columns = (target, GeneratedColumn("a", kind, 5, **odd), GeneratedColumn("b", "floats", 8))
    return GeneratedTable(columns, 200, CsvDialect(), 0.05)


CASES = {
    "money with gaps and a bad value": two_columns("money", gaps=0.05, odd=0.005),
    "numbers near the largest": two_columns("wide floats"),
    "many infinities": two_columns("nonfinite", type_at=0),
    "only true": GeneratedTable(
        (
            GeneratedColumn("a", "0 or 1", 1),
            GeneratedColumn("A b", "integers", 0),
            GeneratedColumn("c", "booleans", 0, gaps=0.9),
        ),
        21,
        CsvDialect(),
        0.05,
    ),
    "a lone number with a comma": GeneratedTable(
        (*two_columns("floats", gaps=0.3).columns, GeneratedColumn("c", "empty", 3242, odd=0.005, type_at=1)),
        200,
        CsvDialect(),
        0.05,
    ),
    "a lone number with a comma, and no comma between fields": GeneratedTable(
        (GeneratedColumn("a", "0 or 1", 0), GeneratedColumn("b", "flags", 397625, gaps=0.3, odd=0.02)),
        215,
        CsvDialect(delimiter=";"),
        0.01,
    ),
    "no number but an infinite one": GeneratedTable(
        (
            GeneratedColumn("label", "three texts", 3),
            GeneratedColumn("a", "floats", 5),
            GeneratedColumn("c", "nonfinite", 103, gaps=0.9, gap="null"),
        ),
        40,
        CsvDialect(),
        0.5,
    ),
    "decimal commas as texts": GeneratedTable(
        two_columns("prices", as_text=True).columns, 200, CsvDialect(delimiter=";", decimal=","), 0.05
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_once_went_wrong(name: str) -> None:
    assert run_both(CASES[name]).refusal == ""


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(("count", "refused", "missing"), [(1, 1, False), (60, 0, True)])
def test_infinite_numbers_are_bad_values_or_too_many_and_missing(
    tmp_path: Path, suffix: str, count: int, refused: int, missing: bool
) -> None:
    numbers = np.random.default_rng(2).normal(size=200)
    numbers[:count] = np.where(np.arange(count) % 2, np.inf, -np.inf)
    frame = pl.DataFrame({"a": numbers, "b": numbers[::-1] ** 2, "label": ["yes", "no"] * 100})
    frame = frame.with_columns(pl.col("b").replace([np.inf], 1.5))
    path = tmp_path / f"table.{suffix}"
    getattr(frame, f"write_{suffix}")(path)
    proposal = propose_plan(path, "label")
    plan = proposal.plan
    assert plan.data.columns["a"].kind is Kind.NUMBER
    assert ({"inf", "-inf"} <= set(plan.data.missing)) is missing
    assert any("Infinite" in notice.text for notice in notices(proposal.findings)) is missing
    prepared = prepare(path, plan.data, plan.preparation, tmp_path / "dataset")
    assert prepared.refused == ({"nonfinite": refused} if refused else {})


def test_a_nul_in_a_text_is_refused_by_preparation_and_as_a_feed(tmp_path: Path) -> None:
    rows = 200
    levels = ["x\0y" if at == 7 else "xyz"[at % 3] for at in range(rows)]
    numbers = np.random.default_rng(2).normal(size=rows)
    frame = pl.DataFrame({"level": levels, "a": numbers, "label": ["yes", "no"] * (rows // 2)})
    frame.write_parquet(tmp_path / "table.parquet")
    plan = propose_plan(tmp_path / "table.parquet", "label").plan
    prepared = prepare(tmp_path / "table.parquet", plan.data, plan.preparation, tmp_path / "dataset")
    assert prepared.refused_by_column == {("level", "encoding"): 1}
    assert sum(prepared.splits.values()) == rows - 1
    with pytest.raises(InputError) as caught:
        feeds_from_table(frame.to_arrow(), {"level": plan.data.columns["level"]})
    assert (caught.value.code, caught.value.field) == ("encoding", "level")
