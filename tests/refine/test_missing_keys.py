"""Each key of each step, left out or null: OpenRefine's own engine and we do the same, or both refuse the step."""

from __future__ import annotations

from typing import Any

import pytest
from openrefine import OpenRefine
from refine_keys import STEPS, TABLE, without_a_key
from refined import comparable, refined_here

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import parse_history

# OpenRefine compares a choice without a value as it comes to a row, and the step stops there or goes on as it likes.
CHOICE = "selection.0.v.v"
# A place of 0 makes each blank equal to every value; the order is then what Java's algorithm happens on.
NO_PLACE = ("blankPosition null", "errorPosition null")
REFUSED_HERE = (f"{CHOICE} absent", f"{CHOICE} null", *NO_PLACE)


def refusal(step: dict[str, Any]) -> str:
    """Why a history of the step alone is refused before any data is read; "" where it is not."""
    try:
        parse_history([step])
    except DataError as error:
        assert error.code == "refine_history"
        return error.message
    return ""


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_all_its_keys_is_done(openrefine: OpenRefine, name: str) -> None:
    here = refined_here(TABLE, [STEPS[name]])
    assert "index" not in here
    assert here == comparable(openrefine.apply(TABLE, [STEPS[name]]))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_without_a_key_is_done_or_refused_as_openrefine_does(openrefine: OpenRefine, name: str) -> None:
    refused = 0
    for left_out, step in without_a_key(STEPS[name]):
        there = openrefine.apply(TABLE, [step])
        if "index" in there or left_out.endswith(REFUSED_HERE):
            key = left_out.split(" ")[0].split(".")[-1]
            assert "step 0" in refusal(step), left_out
            assert key in refusal(step), left_out
            refused += 1
        else:
            assert refusal(step) == "", left_out
            assert refined_here(TABLE, [step]) == comparable(there), left_out
    assert refused > 1  # without its op no step is done


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("mass edit", "expression absent"),
        ("mass edit", "edits null"),
        ("mass edit", "edits.2.to absent"),
        ("column split", "regex absent"),
        ("column split", "maxColumns null"),
        ("column split by lengths", "fieldLengths absent"),
        ("cell split", "mode absent"),
        ("duplicates", "criteria absent"),
        ("sort of texts", "sorting.criteria null"),
        ("sort of texts", "sorting.criteria.0.valueType absent"),
        ("list facet", "engineConfig.facets.0.selection null"),
        ("text facet of a pattern", "engineConfig.facets.0.query absent"),
    ],
)
def test_what_openrefine_needs_is_needed_without_it_too(name: str, left_out: str) -> None:
    """What the engine refuses in the test above, for machines without a JDK."""
    assert refusal(dict(without_a_key(STEPS[name]))[left_out])


DATES = [
    "2020-01-01T00:00Z",
    "2020-01-01t00:00:00z",
    "2020-01-01T00:00:00.5+02",
    "2020-01-01T01:02:03",
    "2020-02-30T00:00Z",
]
DATES += [
    "2020-01-01",
    "20200101T000000Z",
    "2020-01-01 00:00:00Z",
    "2020-01-01T00Z",
    "2020-W01-1T00:00:00Z",
    "soon",
    "",
]
DATES += ["2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00+0200", "2020-01-01T00:00:00.Z", "٢٠٢٠-01-01T00:00:00Z"]


@pytest.mark.parametrize("date", DATES)
def test_the_date_of_a_mass_edit_is_read_as_openrefine_reads_it(openrefine: OpenRefine, date: str) -> None:
    step = {**STEPS["mass edit"], "edits": [{"from": ["x"], "to": date, "type": "date"}]}
    assert refined_here(TABLE, [step]) == comparable(openrefine.apply(TABLE, [step]))
