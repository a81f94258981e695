"""Generated tables and histories, replayed here and by OpenRefine's own engine: the same cells, types included."""

from __future__ import annotations

from typing import Any

import pytest
from openrefine import OpenRefine
from refine_histories import generated_case
from refined import comparable, refined_here

CASES = 100
# What is refused here by name though OpenRefine goes on: dates that it guesses, and sorting NaN.
REFUSED = ("refine_sort", "grel_evaluation")


@pytest.mark.soak
def test_generated_histories_give_what_openrefine_gives(openrefine: OpenRefine, request: pytest.FixtureRequest) -> None:
    first = CASES * (request.node.callspec.params["try_number"] if hasattr(request.node, "callspec") else 0)
    replayed = 0
    for seed in range(first, first + CASES):
        text, history = generated_case(seed)
        here, there = refined_here(text, history), openrefine.apply(text, history)
        if here.get("code") in REFUSED:
            continue
        assert here.get("index") == there.get("index"), (seed, here, there)
        if "index" in there:
            continue
        assert here == comparable(there), (seed, history)
        replayed += 1
    assert replayed > CASES * 0.7


def test_a_wrong_cell_would_be_noticed(openrefine: OpenRefine) -> None:
    step: dict[str, Any] = {"op": "core/column-removal", "columnName": "a"}
    assert refined_here("a,b\n1,2\n", []) != comparable(openrefine.apply("a,b\n1,2\n", [step]))
