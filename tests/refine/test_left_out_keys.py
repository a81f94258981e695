"""Histories in which a key is left out or null, as programs and earlier versions write them: never other cells."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
from openrefine import OpenRefine
from refine_cases import on_rows, step
from refine_histories import generated_case
from refined import comparable, refined_here

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import parse_history

CASES = 120
# What is refused here though OpenRefine goes on, and not twice alike; `test_missing_keys` says why.
STRICT = ("v", "blankPosition", "errorPosition")
TABLE = "k,v\na,5\nb,x\nc,\nd,2020-01-01\n"


def places(part: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key of a step, beside the object that it is in."""
    for key, value in part.items():
        if key != "op":
            yield part, key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from places(inner)


@pytest.mark.soak
def test_a_key_that_is_not_set_means_what_it_means_to_openrefine(
    openrefine: OpenRefine, request: pytest.FixtureRequest
) -> None:
    first = CASES * (request.node.callspec.params["try_number"] if hasattr(request.node, "callspec") else 0)
    replayed = 0
    for seed in range(first, first + CASES):
        draw = random.Random(seed)
        text, history = generated_case(seed)
        history = copy.deepcopy(history[: draw.randint(1, 3)])
        if not history:
            continue
        holder, key = draw.choice(list(places(history[-1])))
        if draw.random() < 0.5:
            holder[key] = None
        else:
            del holder[key]
        here, there = refined_here(text, history), openrefine.apply(text, history)
        if here.get("code") in ("refine_sort", "grel_evaluation"):
            continue
        if "index" in here and key in STRICT:
            assert here["code"] == "refine_history", (seed, key)
            continue
        assert here.get("index") == there.get("index"), (seed, key, history[-1])
        if "index" in there:
            continue
        assert here == comparable(there), (seed, key, history[-1])
        replayed += 1
    assert replayed > CASES / 3


@pytest.mark.parametrize("null", [True, False], ids=["null", "left out"])
@pytest.mark.parametrize(
    ("kind", "key", "expression", "flagged"),
    [
        ("range", "selectNumeric", "value.toNumber()", [True, False, False, False]),
        ("range", "selectNonNumeric", "value", [True, True, False, True]),
        ("range", "selectBlank", "value", [False, False, True, False]),
        ("range", "selectError", "value.toNumber()", [True, True, True, True]),
        ("timerange", "selectTime", "value.toDate()", [False, False, False, False]),
        ("timerange", "selectNonTime", "value", [False, False, False, False]),
        ("timerange", "selectBlank", "value", [False, False, False, False]),
        ("list", "invert", "value", [False, True, False, False]),
    ],
)
def test_marks_of_facets_that_are_not_set(
    kind: str, key: str, expression: str, flagged: list[bool], null: bool
) -> None:
    """What a facet takes by default, as OpenRefine 3.9.5 does: all kinds for numbers, none for times."""
    marks = {
        "range": {"from": 0, "to": 6, "selectNumeric": True, "selectNonNumeric": False},
        "timerange": {"from": 0, "to": 2e12, "selectTime": True, "selectNonTime": False},
        "list": {"selection": [{"v": {"v": "x", "l": "x"}}], "invert": True},
    }[kind]
    shown: dict[str, Any] = {"type": kind, "name": "v", "columnName": "v", "expression": expression, **marks}
    shown |= {"selectBlank": False, "selectError": False}
    if null:
        shown[key] = None
    else:
        del shown[key]
    here = refined_here(TABLE, [step("row-flag", on_rows(shown), flagged=True)])
    assert [row for row, _ in here["flags"]] == flagged


@pytest.mark.parametrize("key", ["columnName", "expression"])
def test_a_facet_without_its_column_or_expression_is_refused_as_openrefine_refuses_it(key: str) -> None:
    shown: dict[str, Any] = {"type": "list", "columnName": "v", "expression": "value", "selectBlank": True}
    for facet in ({**shown, key: None}, {name: value for name, value in shown.items() if name != key}):
        with pytest.raises(DataError, match=key) as refusal:
            parse_history([step("row-removal", on_rows(facet))])
        assert refusal.value.code == "refine_history"


@pytest.mark.parametrize("marks", [{}, {"onError": None}])
def test_errors_are_stored_where_a_transform_does_not_say_what_becomes_of_them(marks: dict[str, Any]) -> None:
    made = step("text-transform", on_rows(), columnName="v", expression="value.toNumber()", **marks)
    assert refined_here(TABLE, [made])["rows"][:2] == [[["str", "'a'"], ["int", "5"]], [["str", "'b'"], ["error", ""]]]
    new = {"baseColumnName": "v", "newColumnName": "n", "columnInsertIndex": 0, "expression": "value", **marks}
    assert refined_here(TABLE, [step("column-addition", on_rows(), **new)]) == {"index": 0, "code": "refine_history"}
