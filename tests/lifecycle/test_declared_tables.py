"""Generated tables as other tools write them: a CSV in the style that a plan declares, Parquet by pandas."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from carried_tables import SPLITS, Carried, assert_equal_values, carry_out, kinds_and_roles
from generated_tables import GeneratedTable, generated_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role
from sevenfold.plan import Plan
from sevenfold.plan.data import DataSection
from sevenfold.preparation.prepare import prepare

EXAMPLES, SOAK_EXAMPLES = 40, 250  # `make soak` repeats them twenty times
TOKENS = ("NA", "-", "-999", "n.v.", "")
INDICES = st.sampled_from([None, "", "nr"])


@st.composite
def declared_tables(draw: st.DrawFn) -> GeneratedTable:
    """Return a strategy of tables whose CSV only a plan can explain: its decimal sign, encoding and missing values."""
    table, token = draw(generated_tables()), draw(st.sampled_from(TOKENS))
    decimal = draw(st.sampled_from([",", ",", "."]))
    delimiter = draw(st.sampled_from([";", "\t"] if decimal == "," else [",", ";", "|"]))
    dialect = dataclasses.replace(table.dialect, decimal=decimal, delimiter=delimiter)
    columns = tuple(dataclasses.replace(column, gap=token) for column in table.columns)
    table = dataclasses.replace(table, columns=columns, dialect=dialect)
    encoding = draw(st.sampled_from(["latin-1", "cp1252", "utf-16"]))
    try:
        table.csv_text().encode(encoding)
    except UnicodeEncodeError:
        encoding = "utf-8"
    return dataclasses.replace(table, dialect=dataclasses.replace(dialect, encoding=encoding))


def declared(plan: Plan, table: GeneratedTable) -> DataSection:
    """Return the plan's section about the table, with the style of the CSV."""
    dialect, data = table.dialect, plan.data.model_dump(mode="json")
    style = {"encoding": dialect.encoding, "delimiter": dialect.delimiter, "decimal": dialect.decimal}
    thousands = "." if dialect.decimal == "," else data["thousands"]
    # Parquet's NaN is missing by itself; in a CSV it is a text
    missing = sorted({"nan", *data["missing"], *(column.gap.strip() for column in table.columns)})
    return DataSection.model_validate({**data, **style, "thousands": thousands, "missing": missing})


def prepared(path: Path, data: DataSection, plan: Plan) -> tuple[Any, tuple[pa.Table, ...]]:
    """Return what was refused, by column and code or as the code of the whole table, and the tables of the dataset."""
    folder = path.with_suffix(".dataset")
    try:
        result = prepare(path, data, plan.preparation, folder)
    except DataError as error:
        return error.code, ()
    dataset = Dataset.open(folder)
    return result.refused_by_column, tuple(dataset.table(split) for split in SPLITS)


def run_declared(table: GeneratedTable) -> str:
    with tempfile.TemporaryDirectory() as folder:
        csv, parquet, other = (Path(folder) / name for name in ("table.csv", "table.parquet", "other.parquet"))
        table.write_csv(csv)
        table.write_parquet(parquet)
        table.write_parquet(other)
        plan = carry_out(other, table).plan
        if plan is None:
            return "refused"
        data = declared(plan, table)
        (refused, tables), (same, others) = prepared(csv, data, plan), prepared(parquet, data, plan)
        assert refused == same
        for made, expected in zip(tables, others, strict=True):
            for name in expected.column_names:
                if data.columns[name].role is not Role.IGNORE:
                    assert_equal_values(expected[name], made[name], name in table.narrow)
        return "" if tables else str(refused)


def run_pandas(table: GeneratedTable, index: str | None) -> str:
    with tempfile.TemporaryDirectory() as folder:
        plain, pandas = Path(folder) / "plain.parquet", Path(folder) / "pandas.parquet"
        table.write_parquet(plain)
        table.write_pandas(pandas, index)
        expected, made = carry_out(plain, table), carry_out(pandas, table)
    check_same(expected, made, index)
    return expected.refusal


def check_same(expected: Carried, made: Carried, index: str | None) -> None:
    assert made.refusal == expected.refusal
    if expected.plan is None or made.plan is None or expected.prepared is None or made.prepared is None:
        return
    roles, name = kinds_and_roles(made.plan), index or "__index_level_0__"
    assert (name in roles) is (index is not None)
    if index is not None:
        assert roles.pop(name)[1] in (Role.IDENTIFIER, Role.IGNORE)
    assert roles == kinds_and_roles(expected.plan)
    assert made.prepared.refused_by_column == expected.prepared.refused_by_column
    for one, other in zip(expected.tables, made.tables, strict=True):
        for column in one.column_names:
            assert one[column].to_pylist() == other[column].to_pylist()


def examples(config: pytest.Config) -> tuple[int, dict[str, Any]]:
    count = SOAK_EXAMPLES if config.getoption("--soak") > 1 else EXAMPLES
    options = {"suppress_health_check": list(HealthCheck), "derandomize": count == EXAMPLES}
    return count, {"max_examples": count, **options}


@pytest.mark.soak
def test_a_csv_in_a_declared_style_is_the_table_that_parquet_is(pytestconfig: pytest.Config) -> None:
    outcomes: Counter[str] = Counter()
    count, options = examples(pytestconfig)

    @settings(**options)
    @given(declared_tables())
    def run(table: GeneratedTable) -> None:
        outcomes[run_declared(table)] += 1

    run()
    assert outcomes[""] > 0.2 * count, outcomes


@pytest.mark.soak
def test_parquet_by_pandas_is_the_table_that_parquet_is(pytestconfig: pytest.Config) -> None:
    outcomes: Counter[str] = Counter()
    count, options = examples(pytestconfig)

    @settings(**options)
    @given(generated_tables(), INDICES)
    def run(table: GeneratedTable, index: str | None) -> None:
        outcomes[run_pandas(table, index)] += 1

    run()
    assert outcomes[""] > 0.2 * count, outcomes
