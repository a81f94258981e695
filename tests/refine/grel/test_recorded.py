"""GREL by what OpenRefine's engine has answered: these run without a JDK, and one asks whether it still answers so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openrefine import OpenRefine, Refused, agrees, decode

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel import compile_expression

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())


def bindings_of(question: dict[str, Any]) -> dict[str, Any]:
    value = decode(question["value"])
    cells = {"a": value} | {name: decode(cell) for name, cell in question.get("cells", {}).items()}
    return {"value": value, "cells": cells, "rowIndex": 3, "columnName": "a"}


@pytest.mark.parametrize(("expression", "question", "answer"), RECORDED, ids=[case[0] for case in RECORDED])
def test_it_gives_what_openrefine_gave(expression: str, question: dict[str, Any], answer: Any) -> None:
    theirs = decode(answer)
    if isinstance(theirs, Refused):
        with pytest.raises(DataError):
            compile_expression(expression).evaluate(bindings_of(question))
        return
    ours = compile_expression(expression).evaluate(bindings_of(question))
    assert agrees(ours, theirs), f"{ours!r} instead of {theirs!r}"


def test_openrefine_still_gives_it(openrefine: OpenRefine) -> None:
    questions = [{"expression": text, "rowIndex": 3, "columnName": "a", **asked} for text, asked, _ in RECORDED]
    assert openrefine.ask({"evaluate": questions})["results"] == [answer for *_, answer in RECORDED]
