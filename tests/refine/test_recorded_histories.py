"""Histories with what OpenRefine 3.9.5 gave for them, recorded once, so that no JDK is needed here.

`python tests/refine/record.py` records them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openrefine import OpenRefine
from refine_cases import CASES
from refined import comparable, refined_here

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text())


def answer_of(openrefine: OpenRefine, text: str, history: list[dict[str, Any]]) -> dict[str, Any]:
    answer = openrefine.apply(text, history)
    return {"index": answer["index"]} if "index" in answer else comparable(answer)


@pytest.mark.parametrize("name", RECORDED)
def test_a_history_gives_what_openrefine_gave(name: str) -> None:
    case = RECORDED[name]
    here = refined_here(case["csv"], case["history"])
    here.pop("code", None)
    assert here == case["answer"]


def test_every_case_is_recorded() -> None:
    assert {name: (case["csv"], case["history"]) for name, case in RECORDED.items() if name in CASES} == CASES


def test_the_record_is_what_openrefine_says(openrefine: OpenRefine) -> None:
    answers = {name: answer_of(openrefine, case["csv"], case["history"]) for name, case in RECORDED.items()}
    assert answers == {name: case["answer"] for name, case in RECORDED.items()}
