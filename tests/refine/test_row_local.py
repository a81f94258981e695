"""Row-local histories: a row alone becomes what it becomes in its table; whatever needs more rows is named."""

from __future__ import annotations

import random
from typing import Any

import pytest
from refine_cases import scatterplot
from refine_histories import generated_case

from sevenfold.contracts.errors import DataError, InputError
from sevenfold.contracts.refinement import Refinement
from sevenfold.refine.cell_text import cell_text
from sevenfold.refine.history import parse_history
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.raw_columns import RawColumns
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.record_refinement import record_refinement
from sevenfold.refine.replay import replay
from sevenfold.refine.row_refiner import RowRefiner
from sevenfold.refine.table import Table

SEEDS = 250
ROWS: dict[str, Any] = {"mode": "row-based", "facets": []}
AT_COMMA: dict[str, Any] = {"mode": "separator", "separator": ","}
RECORDS: dict[str, Any] = {"mode": "record-based", "facets": []}


def facet(expression: str, chosen: Any, column: str = "b") -> dict[str, Any]:
    choice = {"v": {"v": chosen, "l": str(chosen)}}
    return {"type": "list", "columnName": column, "expression": expression, "selection": [choice]}


def transform(expression: str, column: str = "b", **config: Any) -> dict[str, Any]:
    made = {"op": "core/text-transform", "columnName": column, "expression": expression, "onError": "set-to-blank"}
    return {**made, "engineConfig": config or ROWS}


def recorded(text: str, history: list[dict[str, Any]], wanted: list[str] | None = None) -> tuple[Refinement, Table]:
    """What a bundle records of a history for some features, or all columns; and the whole refined table."""
    recipe = Recipe(parse_history(history), "sha256:0")
    raw = import_csv(text)
    table, changes = replay(raw, recipe.history)
    names = table.names if wanted is None else wanted
    return record_refinement(recipe, RawColumns.of(raw), changes, "", dict.fromkeys(names, False)), table


def alone(refinement: Refinement, raw: Table, row: int, names: list[str]) -> tuple[dict[str, str], bool]:
    """A row refined without any other: the texts of its cells, and whether the recipe removes it."""
    cells = {name: raw.column(name).cell(row) for name in raw.names}
    needed = {name for name in refinement.columns if name in {c for made in refinement.sources.values() for c in made}}
    refined = RowRefiner(refinement, names).refine({name: [cells[name]] for name in needed}, 1)
    passed = {name: cell_text(cells[refinement.passed[name]]) for name in names if name in refinement.passed}
    return {name: texts[0] or "" for name, texts in refined.texts.items()} | passed, bool(refined.removed)


def check(text: str, history: list[dict[str, Any]], names: list[str] | None = None) -> bool:
    """Compare a history row by row with its replay; False where it crosses rows."""
    refinement, table = recorded(text, history, names)
    if not refinement.takes_raw_rows:
        return False
    raw, names = import_csv(text), table.names if names is None else names
    kept = [step["op"] for step in refinement.steps]
    undecided = kept.count("core/row-removal") < sum(step["op"] == "core/row-removal" for step in history)
    place = {source: at for at, source in enumerate(table.from_rows.tolist())}
    for row in range(raw.height):
        texts, removed = alone(refinement, raw, row, names)
        if row in place:
            assert texts == {name: cell_text(table.column(name).cell(place[row])) for name in names}, (row, history)
        assert removed == (row not in place) or (undecided and not removed), (row, history)
    return True


@pytest.mark.soak
def test_generated_rows_alone_are_what_they_are_in_their_tables(request: pytest.FixtureRequest) -> None:
    first = SEEDS * (request.node.callspec.params["try_number"] if hasattr(request.node, "callspec") else 0)
    compared = some = 0
    for seed in range(first, first + SEEDS):
        text, history = generated_case(seed)
        try:
            local = check(text, history)
        except DataError:
            continue  # the replay is refused, and so is the plan
        compared += local
        _, table = recorded(text, history)
        part = random.Random(seed).sample(table.names, (len(table.names) + 1) // 2)
        some += local and check(text, history, part)
    assert compared > SEEDS / 20
    assert some == compared


@pytest.mark.parametrize(
    "step",
    [
        {"op": "core/fill-down", "columnName": "b", "engineConfig": ROWS},
        {"op": "core/blank-down", "columnName": "b", "engineConfig": ROWS},
        {"op": "core/row-duplicate-removal", "criteria": ["b"], "engineConfig": ROWS},
        {"op": "core/row-addition", "rows": [{"cells": []}], "insertionIndex": 0},
        {"op": "core/multivalued-cell-join", "columnName": "b", "keyColumnName": "a", "separator": ","},
        {"op": "core/multivalued-cell-split", "columnName": "b", "keyColumnName": "a", **AT_COMMA},
        {"op": "core/transpose-columns-into-rows", "startColumnName": "a", "combinedColumnName": "n"},
        {"op": "core/transpose-rows-into-columns", "columnName": "a", "rowCount": 2},
        {"op": "core/key-value-columnize", "keyColumnName": "a", "valueColumnName": "b"},
        {
            "op": "core/row-reorder",
            "mode": "row-based",
            "sorting": {"criteria": [{"column": "a", "valueType": "string"}]},
        },
        transform("rowIndex"),
        transform("row.index + value"),
        transform("row.record.rowCount"),
        transform("get(row, 'index')"),
        transform("value.trim()", mode="row-based", facets=[facet("row.index", 1)]),
        transform("value.trim()", mode="record-based", facets=[facet("value", "x")]),
        transform("value.trim()", mode="row-based", facets=[scatterplot(cx="a", cy="b")]),
    ],
    ids=lambda step: f"{step['op']} {step.get('expression', '')}",
)
def test_a_step_that_needs_other_rows_is_named_with_its_number(step: dict[str, Any]) -> None:
    refinement, _ = recorded("a,b\nk,x\nl,y\n", [transform("value.trim()"), step])
    assert not refinement.takes_raw_rows
    assert [sentence.split(":")[0] for sentence in refinement.crossing] == [f"step 1 ({step['op']})"]
    assert refinement.steps == ()


@pytest.mark.parametrize(
    "step",
    [
        transform("cells['a'].value + row.cells.b.value"),
        transform("row.columnNames.length()"),
        transform("if(row.starred, 1, cells.record.value)"),
        transform("value.trim()", **RECORDS),
        transform("value.trim()", mode="row-based", facets=[facet("value.length()", 1)]),
    ],
)
def test_what_a_row_decides_alone_crosses_nothing(step: dict[str, Any]) -> None:
    assert check("a,b\nk, x \nl,y\n", [step])


def test_a_column_split_makes_as_many_columns_as_it_made_of_the_table() -> None:
    marks = {"mode": "separator", "separator": ";", "regex": False, "maxColumns": 0}
    split = {"op": "core/column-split", "columnName": "b", "engineConfig": ROWS, **marks}
    refinement, table = recorded("a,b\nk,1;2;3\nl,\n", [split])
    assert table.names == ["a", "b", "b 1", "b 2", "b 3"]
    refined = RowRefiner(refinement, table.names).refine({"b": ["7", "1;2;3;4", None]}, 3)
    assert [refined.texts[name] for name in ("b 1", "b 2", "b 3")] == [
        ["7", "1", None],
        [None, "2", None],
        [None, "3", None],
    ]


def test_a_removed_row_is_named_and_goes_on() -> None:
    removal = {"op": "core/row-removal", "engineConfig": {"mode": "row-based", "facets": [facet("value", "x")]}}
    refinement, table = recorded("a,b\nk,x\nl,y\n", [removal, transform("value.toUppercase()")])
    assert refinement.removing == ("step 0 (core/row-removal)",)
    assert table.height == 1
    refined = RowRefiner(refinement, ["b"]).refine({"b": ["y", "x"]}, 2)
    assert refined.texts == {"b": ["Y", "X"]}
    assert refined.removed == [1]


def test_a_removal_that_no_request_can_decide_stays_with_the_table() -> None:
    removal = {"op": "core/row-removal", "engineConfig": {"mode": "row-based", "facets": [facet("value", "x", "t")]}}
    history = [transform("value.trim()"), removal]
    refinement, _ = recorded("b,t\n k,x\nl,y\n", history, ["b"])
    assert [step["op"] for step in refinement.steps] == ["core/text-transform"]
    assert refinement.removing == ("step 1 (core/row-removal)",)


def test_only_what_features_need_is_kept_and_asked_for() -> None:
    edit = {
        "op": "core/mass-edit",
        "columnName": "name",
        "expression": "value",
        "edits": [{"from": ["Ann"], "to": "Anna"}],
        "engineConfig": ROWS,
    }
    rename = {"op": "core/column-rename", "oldColumnName": "x", "newColumnName": "size"}
    refinement, _ = recorded("name,b,x\nAnn, y ,3\n", [edit, transform("value.trim()"), rename], ["b", "size"])
    assert [step["op"] for step in refinement.steps] == ["core/text-transform", "core/column-rename"]
    assert "Ann" not in refinement.model_dump_json()
    assert refinement.sources == {"b": ("b",)}
    assert refinement.passed == {"size": "x"}


def test_a_feature_made_of_the_target_takes_refined_rows() -> None:
    recipe = Recipe(parse_history([transform("value + cells['t'].value")]), "sha256:0")
    raw = import_csv("b,t\nk,x\nl,y\n")
    _, changes = replay(raw, recipe.history)
    refinement = record_refinement(recipe, RawColumns.of(raw), changes, "t", {"b": False})
    assert not refinement.takes_raw_rows
    assert "'t'" in refinement.crossing[0]


def test_frequent_texts_are_kept_for_examples_and_those_of_sensitive_columns_are_not() -> None:
    recipe = Recipe(parse_history([transform("value.trim()"), transform("value.trim()", "a")]), "sha256:0")
    raw = import_csv("a,b,t\n" + "k,x,0\n" * 12 + "l,y,1\n")
    _, changes = replay(raw, recipe.history)
    refinement = record_refinement(recipe, RawColumns.of(raw), changes, "t", {"a": True, "b": False})
    assert refinement.examples == {"b": "x"}


def test_a_row_that_a_step_refuses_is_refused_by_name() -> None:
    refinement, _ = recorded("a,b\nk,x\n", [transform("value.toDate()")])
    broken = refinement.model_copy(update={"columns": ("a",)})  # a step refuses it, whatever the reason
    with pytest.raises(InputError, match="recipe"):
        RowRefiner(broken, ["b"]).refine({"a": ["k"]}, 1)
