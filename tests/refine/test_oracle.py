"""The oracle itself: it answers, keeps the types of cells, and refuses what OpenRefine refuses."""

from __future__ import annotations

from openrefine import OpenRefine, Refused

TRIM = {
    "op": "core/text-transform",
    "engineConfig": {"mode": "row-based", "facets": []},
    "columnName": "a",
    "expression": "grel:value.trim()",
    "onError": "keep-original",
    "repeat": False,
    "repeatCount": 10,
}


def test_it_evaluates_with_types(openrefine: OpenRefine) -> None:
    cases = [("value * 2", {"value": 3}), ("value * 2", {"value": 1.5}), ("cells.b.value", {"cells": {"b": "x"}})]
    assert openrefine.evaluate(cases) == [6, 3.0, "x"]


def test_it_names_what_it_refuses(openrefine: OpenRefine) -> None:
    (result,) = openrefine.evaluate([("value.zork()", {"value": "x"})])
    assert isinstance(result, Refused)
    assert "zork" in result.message


def test_it_applies_a_history_as_the_server_does(openrefine: OpenRefine) -> None:
    answer = openrefine.apply("a,b\n x ,1\n,2\n", [TRIM])
    assert answer["columns"] == ["a", "b"]
    assert answer["rows"] == [["x", "1"], [None, "2"]]
    assert answer["csv"] == "a,b\nx,1\n,2\n"


def test_it_says_which_step_cannot_be_done(openrefine: OpenRefine) -> None:
    assert openrefine.apply("b\n1\n", [TRIM])["index"] == 0
