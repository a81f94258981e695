"""The number of a row, as pandas and Spark write it beside a table, is no feature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sevenfold.contracts.schema import Role
from sevenfold.design.propose import propose_plan


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(2)
    size = random.normal(size=300)
    left = np.where(size + random.normal(size=300) > 0, "yes", "no")
    return pd.DataFrame({"size": size, "room": random.integers(0, 9, 300), "left": left})


def roles(path: Path) -> dict[str, Role]:
    columns = propose_plan(path, "left").plan.data.columns
    return {name: column.role for name, column in columns.items() if column.role is not Role.FEATURE}


def test_an_index_that_a_filter_and_a_concatenation_left(frame, tmp_path):
    index = np.concatenate([np.arange(0, 300, 2), np.arange(0, 300, 2)])  # neither dense nor unique
    frame.set_axis(index).to_parquet(tmp_path / "t.parquet")
    assert roles(tmp_path / "t.parquet") == {"left": Role.TARGET, "__index_level_0__": Role.IDENTIFIER}


@pytest.mark.parametrize("name", ["level_0", "Unnamed: 0", "_c0", "__index_level_0__"])
@pytest.mark.parametrize("numbers", [np.arange(300), np.arange(300) // 2 * 7])
def test_the_names_of_an_index(frame, tmp_path, name, numbers):
    frame.insert(0, name, numbers)
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert roles(tmp_path / "t.csv") == {"left": Role.TARGET, name: Role.IDENTIFIER}


def test_the_first_column_of_a_table_without_a_header_is_a_feature(frame, tmp_path):
    frame.columns = ["_c1", "_c0", "left"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert roles(tmp_path / "t.csv") == {"left": Role.TARGET}


def test_an_index_with_a_name_is_an_identifier_where_its_numbers_are_unique(frame, tmp_path):
    unique = frame.set_axis(pd.Index(np.arange(300)[::-1] * 3, name="customer"))
    unique.to_parquet(tmp_path / "unique.parquet")
    assert roles(tmp_path / "unique.parquet") == {"left": Role.TARGET, "customer": Role.IDENTIFIER}
    years = frame.set_axis(pd.Index(np.arange(300) % 7 + 2015, name="year"))
    years.to_parquet(tmp_path / "years.parquet")
    assert roles(tmp_path / "years.parquet") == {"left": Role.TARGET}


def test_a_small_table_is_numbered_too(tmp_path):
    text = "".join(f"{i},{(i * 7) % 5},{'ab'[i % 2]}\n" for i in range(1, 15))
    (tmp_path / "t.csv").write_text("nr,x,left\n" + text)
    assert roles(tmp_path / "t.csv") == {"left": Role.TARGET, "nr": Role.IDENTIFIER}


@pytest.mark.parametrize(("numbers", "role"), [(550, Role.IDENTIFIER), (30_000, Role.FEATURE)])
def test_numbers_of_rows_of_which_some_are_gone(frame, tmp_path, numbers, role):
    frame.insert(0, "order", 1_000 + np.random.default_rng(1).choice(numbers, 300, replace=False))
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert propose_plan(tmp_path / "t.csv", "left").plan.data.columns["order"].role is role
