"""Design with a recipe: plan, profile and notebook are about the refined table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.parameters import Parameters, load_sample, parameters
from sevenfold.design.propose import init_project
from sevenfold.design.typed_table import read_typed
from sevenfold.plan import load_plan
from sevenfold.refine.recipe import load_recipe

ROWS = {"mode": "row-based", "facets": []}
HISTORY = [
    {
        "op": "core/text-transform",
        "columnName": "Price",
        "expression": "value.replace(' EUR', '').toNumber()",
        "onError": "set-to-blank",
        "engineConfig": ROWS,
    },
    {"op": "core/column-rename", "oldColumnName": "Price", "newColumnName": "price"},
    {"op": "core/column-removal", "columnName": "note"},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [f"{i % 7},{i * 37 % 101} EUR,remark {i},{'yes' if i * 7919 % 10 < 4 else 'no'}" for i in range(300)]
    (tmp_path / "raw.csv").write_text("\n".join(["rooms,Price,note,dear", *rows, ""]))
    (tmp_path / "history.json").write_text(json.dumps(HISTORY))
    return tmp_path


def test_init_proposes_for_the_columns_that_the_recipe_leaves(home: Path) -> None:
    project = init_project(home / "raw.csv", "dear", home / "plan", recipe=home / "history.json")
    plan = load_plan(project.path)
    assert plan.refine.recipe == "../history.json"
    assert list(plan.data.columns) == ["rooms", "price", "dear"]
    assert plan.data.columns["price"].kind in (Kind.NUMBER, Kind.INTEGER)
    assert plan.data.columns["dear"].role is Role.TARGET
    text = project.path.read_text()
    assert "Proposed from refined raw.csv: 300 rows, 3 columns." in text
    assert text.index("data:") < text.index("refine:") < text.index("preparation:")


def test_a_plans_table_is_read_after_its_recipe(home: Path) -> None:
    project = init_project(home / "raw.csv", "dear", home, recipe=home / "history.json")
    plan = load_plan(project.path)
    read = read_typed(home / "raw.csv", plan.data, recipe=load_recipe("history.json", home, home))
    assert list(read.columns) == ["rooms", "price", "dear"]
    assert read.columns["price"].values.to_list()[:3] == [0, 37, 74]


def test_a_notebook_sees_refined_rows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init_project(home / "raw.csv", "dear", home, recipe=home / "history.json")
    monkeypatch.chdir(home)
    given = parameters()
    assert given.recipe.endswith("history.json")
    frame = load_sample(Parameters.model_validate_json(given.model_dump_json()))
    assert list(frame.columns) == ["rooms", "price", "dear"]
    assert frame["price"].tolist()[:3] == [0, 37, 74]


@pytest.mark.parametrize("texts", [".", ","])
def test_numbers_that_steps_made_are_written_as_the_texts_that_no_step_made(tmp_path: Path, texts: str) -> None:
    """The raw file has one sign of decimals; what its columns of texts have after the recipe decides."""
    raw = [(f"{i % 90 + 0.25}".replace(".", ","), f"{i * 7 % 83 + 0.5}".replace(".", texts)) for i in range(300)]
    rows = "".join(
        f"{area};{'x' if texts == '.' else ''}{price};{'ab'[i % 2]}\n" for i, (area, price) in enumerate(raw)
    )
    (tmp_path / "raw.csv").write_text("area;price;y\n" + rows)
    steps = [("area", "value.replace(',', '.').toNumber()"), ("price", "value.replace('x', '')")]
    recipe = [
        {"op": "core/text-transform", "columnName": name, "expression": step, "engineConfig": ROWS}
        for name, step in steps
    ]
    (tmp_path / "history.json").write_text(json.dumps(recipe))
    project = init_project(tmp_path / "raw.csv", "price", tmp_path, recipe=tmp_path / "history.json")
    plan = load_plan(project.path)
    assert plan.data.decimal == texts
    read = read_typed(tmp_path / "raw.csv", plan.data, recipe=load_recipe("history.json", tmp_path, tmp_path))
    for name, place in (("area", 0), ("price", 1)):
        assert read.columns[name].values.to_list() == [float(row[place].replace(",", ".")) for row in raw]
