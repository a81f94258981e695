"""Our GREL against OpenRefine's own engine, on expressions and values made from seeds."""

from __future__ import annotations

from typing import Any

import pytest
from grel_cases import cases, quoted
from openrefine import OpenRefine, agrees

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel import compile_expression

# A refusal of our own may stand for a value of OpenRefine's, but not often, and never another value.
REFUSED_SHARE = 0.01


def evaluated(expression: str, bindings: dict[str, Any]) -> Any:
    """Return our value, or the error that refuses it."""
    try:
        return compile_expression(expression).evaluate(bindings)
    except DataError as error:
        return error


def check(openrefine: OpenRefine, seed: int, count: int) -> None:
    asked = cases(seed, count)
    refused, different = 0, []
    for (expression, bindings), theirs in zip(asked, openrefine.evaluate(asked), strict=True):
        ours = evaluated(expression, bindings)
        if agrees(ours, theirs):
            continue
        if isinstance(ours, DataError):
            refused += 1
        else:
            different.append((expression, bindings, ours, theirs))
    assert different == []
    assert refused <= max(1, count * REFUSED_SHARE)


TEXTS = ["_", "a b", "a-b", "ab", "Ab", "áb", "Æ", "ß", "ss", "ș", "ø", "10", "9", ""]


def test_texts_stand_in_openrefines_order(openrefine: OpenRefine) -> None:
    pairs = [
        (f"[{quoted(left)} < {quoted(right)}, {quoted(left)} > {quoted(right)}]", {})
        for left in TEXTS
        for right in TEXTS
    ]
    assert [evaluated(*pair) for pair in pairs] == openrefine.evaluate(pairs)


RECORD = [
    "cells.a.value.type()",
    "cells.a[0].value",
    "cells.a.length()",
    "cells.a.value",
    "cells.nope",
    "index",
    "rowCount",
]
RECORD += [
    "cells['a'].value",
    "cells.a.foo",
    "cells.a[0, 1].value",
    "type()",
    "fromRowIndex",
    "toRowIndex",
    "cells.type()",
]


def test_a_record_is_read_as_openrefine_reads_it(openrefine: OpenRefine) -> None:
    record = {"index": 0, "fromRowIndex": 0, "toRowIndex": 1, "rowCount": 1, "cells": {"a": ["v"]}}
    bindings = {"value": "v", "cells": {"a": "v"}, "columnName": "a", "record": record}
    asked = [(f"row.record.{part}", bindings) for part in RECORD]
    theirs = openrefine.evaluate(asked)
    assert [
        part for part, case, their in zip(RECORD, asked, theirs, strict=True) if not agrees(evaluated(*case), their)
    ] == []


def test_a_hundred_expressions_give_what_openrefine_gives(openrefine: OpenRefine) -> None:
    check(openrefine, 17, 100)


@pytest.mark.extended
@pytest.mark.parametrize("seed", range(100, 110))
def test_thousands_of_expressions_give_what_openrefine_gives(openrefine: OpenRefine, seed: int) -> None:
    check(openrefine, seed, 5_000)
