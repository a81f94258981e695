"""A history is read in every exported shape, and what cannot be replayed is named before a table is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from refine_cases import facet, on_rows, scatterplot, step, transform

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import parse_history, read_history

TRIM = transform("a", "value.trim()")
REMOVAL = step("column-removal", columnName="b")
SHAPES = {
    "a list": [TRIM, REMOVAL],
    "an object of operations": {"operations": [TRIM, REMOVAL]},
    "the server's entries": {"entries": [{"description": "x", "operation": TRIM}, {"operation": REMOVAL}]},
    "a list of entries": [{"description": "x", "operation": TRIM}, {"description": "y", "operation": REMOVAL}],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_exported_shape_is_read(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(SHAPES[shape]))
    assert [each.op for each in read_history(path).steps] == ["core/text-transform", "core/column-removal"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "7", '"text"', "{}", "[]", '{"entries": []}', '{"operations": 1}', '{"operations": [], "entries": []}'],
)
def test_what_is_no_history_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"history\.json") as refusal:
        read_history(path)
    assert refusal.value.code == "refine_history"


REFUSED: list[tuple[Any, str]] = [
    ({"description": "Edit single cell on row 3"}, "by hand"),
    (step("recon", on_rows(), columnName="a"), "reconciles"),
    (step("column-addition-by-fetching-urls", on_rows()), "network"),
    (step("zork"), "is not known"),
    ({"op": "wikidata/perform-edits"}, "extension"),
    ({"description": "no operation at all", "operation": {"x": 1}}, "has no op"),
    (7, "has no op"),
    ({**TRIM, "engineConfig": None}, "engineConfig"),
    ({**TRIM, "onError": "explode"}, "onError"),
    (transform("a", "jython:return value"), "jython"),
    (transform("a", "value.zork()"), "zork"),
    (transform("a", "value", on_rows({**facet("a", "x"), "expression": "zork("})), "zork"),
    (transform("a", "value", on_rows({"type": "scatterplot", "name": "s"})), "engineConfig.facets.0.scatterplot.cx"),
    (transform("a", "value", on_rows(scatterplot(dim_x="log"))), "says dim_x 'log'."),
    (transform("a", "value", on_rows(scatterplot(r="cw", dim_y="log"))), "says dim_y 'log' and r 'cw'."),
    (transform("a", "value", on_rows({"type": "zork"})), "engineConfig.facets.0"),
    (transform("a", "value", on_rows(facet("a", None))), "must have a value"),
    (step("column-split", on_rows(), columnName="a", mode="lengths"), "fieldLengths"),
    (step("row-addition", rows=[{"cells": [{"v": 1}]}], insertionIndex=0), "must be empty"),
    (step("row-addition", rows=[{}], index=3), "insertionIndex"),
]


def test_everything_that_cannot_be_replayed_is_named_with_its_index() -> None:
    with pytest.raises(DataError) as refusal:
        parse_history([TRIM, REFUSED[0][0], REMOVAL, REFUSED[1][0]])
    text = str(refusal.value)
    assert "step 1 (no operation)" in text
    assert "step 3 (core/recon)" in text
    assert "step 0" not in text
    assert refusal.value.exit_status == 2


@pytest.mark.parametrize(("entry", "words"), REFUSED)
def test_a_step_is_refused_by_name(entry: Any, words: str) -> None:
    with pytest.raises(DataError) as refusal:
        parse_history([TRIM, entry])
    assert words in refusal.value.message
    assert "step 1" in refusal.value.message
