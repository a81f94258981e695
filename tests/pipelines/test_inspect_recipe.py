"""What `validate` says of a plan's recipe: every step that cannot be replayed, and columns, before a row is read."""

import json
from pathlib import Path
from typing import Any

import pytest
from houses import HOUSES

from sevenfold.contracts.errors import PlanError, Problem
from sevenfold.pipelines.inspect_plan import inspect_plan

PLAN = (
    HOUSES
    + """\
refine: {recipe: history.json}
"""
)
RENAME = {"op": "core/column-rename", "oldColumnName": "Street", "newColumnName": "street"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "houses.csv").write_text("rooms, Street ,price\n")  # OpenRefine trims names; no row is needed
    return tmp_path


def write(home: Path, history: list[dict[str, Any]], plan: str = PLAN) -> Path:
    (home / "history.json").write_text(json.dumps(history))
    (home / "plan.yaml").write_text(plan)
    return home / "plan.yaml"


def problems(path: Path) -> dict[str, Problem]:
    with pytest.raises(PlanError) as caught:
        inspect_plan(path)
    return {problem.key: problem for problem in caught.value.problems}


def test_the_columns_are_those_that_the_recipe_leaves(home: Path) -> None:
    assert inspect_plan(write(home, [RENAME])).refine.recipe == "history.json"
    found = problems(write(home, [RENAME, {"op": "core/column-removal", "columnName": "rooms"}]))
    assert list(found) == ["data.columns.rooms"]
    assert "refined houses.csv" in found["data.columns.rooms"].rule


def test_every_unsupported_step_is_named_with_its_number(home: Path) -> None:
    fetch = {"op": "core/column-addition-by-fetching-urls", "columnName": "a"}
    (problem,) = problems(write(home, [RENAME, fetch, {"op": "ext/thing"}])).values()
    assert (problem.key, problem.line) == ("refine.recipe", 11)
    assert "step 1 (core/column-addition-by-fetching-urls)" in problem.rule
    assert "step 2 (ext/thing)" in problem.rule


def test_a_step_that_names_a_column_the_table_lacks_is_refused(home: Path) -> None:
    (problem,) = problems(write(home, [{"op": "core/column-removal", "columnName": "floor"}])).values()
    assert problem.key == "refine.recipe"
    assert "Step 0 (core/column-removal)" in problem.rule and "'floor'" in problem.rule


def test_columns_that_the_values_decide_are_left_to_the_run(home: Path) -> None:
    split = {
        "op": "core/column-split",
        "columnName": "Street",
        "mode": "separator",
        "separator": ",",
        "regex": False,
        "maxColumns": 0,
        "engineConfig": {"mode": "row-based", "facets": []},
    }
    inspect_plan(write(home, [split]))
    inspect_plan(write(home, [RENAME, {"op": "core/column-removal", "columnName": "Column 4"}, split]))


def test_a_recipe_that_is_not_there_is_named_with_what_lies_beside_it(home: Path) -> None:
    (problem,) = problems(write(home, [RENAME], PLAN.replace("history.json", "histori.json"))).values()
    assert problem.key == "refine.recipe"
    assert "history.json" in problem.remedy


@pytest.mark.parametrize("key", ['quote: "\'"', "skip_initial_space: true"])
def test_a_table_that_openrefine_would_read_otherwise_is_refused(home: Path, key: str) -> None:
    plan = PLAN.replace("  target:", f"  {key}\n  target:")
    (problem,) = problems(write(home, [RENAME], plan)).values()
    assert problem.key == "refine.recipe"
    assert key.split(":")[0] in problem.rule
