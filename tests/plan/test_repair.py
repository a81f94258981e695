"""Faults of a plan do not hide each other: two mistakes give the problems of the one and of the other."""

from itertools import combinations
from typing import Any

import pytest
import yaml
from houses import SOLD_HOUSES
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import PlanError
from sevenfold.plan import Plan, parse_plan
from sevenfold.plan.repair import repaired

PLAN = (
    SOLD_HOUSES
    + """\
preparation: {split: {by: time, column: sold}}
monitoring: {replay: later, windows: 4, windows_drifted: 4}
testing:
  metric: rmse
  slices: [street]
  gates:
    - {metric: rmse, at_most: 9}
    - {metric: r2, at_least: 0}
"""
)
# What is replaced, by what, and the keys of the problems that it alone gives.
MISTAKES = {
    "a name that is none": ("name: houses", "name: My Houses", {"name"}),
    "no version": ("version: 1\n", "", {"version"}),
    "an unknown task": ("task: regression", "task: regresion", {"data.task"}),
    "an unknown kind": ("sold: {kind: datetime", "sold: {kind: datetim", {"data.columns.sold.kind"}),
    "a column that is no mapping": ("street: {kind: category}", "street: text", {"data.columns.street"}),
    "an unknown key": ("rooms: {kind: integer}", "rooms: {kind: integer, rol: feature}", {"data.columns.rooms.rol"}),
    "an unknown split": ("by: time", "by: tme", {"preparation.split.by"}),
    "a metric of no task": ("{metric: r2,", "{metric: roc,", {"testing.gates.1.metric"}),
    "a gate without a limit": ("{metric: rmse, at_most: 9}", "{metric: rmse}", {"testing.gates.0"}),
    "a slice that is no column": ("[street]", "[street, city]", {"testing.slices.1"}),
    "a number that is none": ("windows: 4,", "windows: four,", {"monitoring.windows"}),
    "a misspelt section": ("preparation:", "preperation:", {"preperation"}),
    "a misspelt key": ("source:", "sorce:", {"data.sorce", "data.source"}),
    "a schedule that is none": (
        "testing:\n",
        "retrain: {trigger: schedule, schedule: x}\ntesting:\n",
        {"retrain.schedule"},
    ),
    "a column twice": ("    rooms:", "    street: {kind: category}\n    rooms:", {"data.columns.street"}),
}


def problems(text: str) -> set[str]:
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    lines = text.splitlines()
    for problem in caught.value.problems:
        assert 1 <= problem.line <= len(lines)
        assert problem.remedy
        name = problem.key.split(".")[-1]
        assert name.isdigit() or name in lines[problem.line - 1] or problem.rule == "is required"
    return {problem.key for problem in caught.value.problems}


def mistaken(*names: str) -> str:
    text = PLAN
    for name in names:
        before, after, _ = MISTAKES[name]
        assert before in text
        text = text.replace(before, after, 1)
    return text


def test_the_plan_without_a_mistake_is_fine() -> None:
    assert parse_plan(PLAN)


@pytest.mark.parametrize("name", list(MISTAKES))
def test_one_mistake_is_one_problem(name: str) -> None:
    assert problems(mistaken(name)) == MISTAKES[name][2]


ONE_COLUMN = ("a column that is no mapping", "a column twice")
PAIRS = [names for names in combinations(MISTAKES, 2) if names != ONE_COLUMN]


@pytest.mark.parametrize("names", PAIRS, ids="+".join)
def test_two_mistakes_give_the_problems_of_both(names: tuple[str, str]) -> None:
    first, second = (MISTAKES[name][2] for name in names)
    expected = first | second
    if "a misspelt section" in names:  # the file calls it so
        expected = {key.replace("preparation", "preperation") for key in expected}
    assert problems(mistaken(*names)) == expected


def test_a_rule_that_hangs_on_a_wrong_value_is_not_taken_for_broken() -> None:
    """With the default of what is wrong there, each of these would break a rule; with what was meant, none does."""
    for name in ("an unknown split", "an unknown kind", "a number that is none", "an unknown task"):
        assert problems(mistaken(name)) == MISTAKES[name][2]


def test_what_is_meant_most_probably_is_tried_first() -> None:
    plans, changes = repaired(yaml.safe_load(mistaken("an unknown task", "a gate without a limit")))
    assert plans[0].data.task == "regression"
    assert {plan.data.task for plan in plans} == {"binary", "multiclass", "regression"}
    assert [gate.metric for gate in plans[0].testing.gates] == ["r2"]
    assert changes.removed == {("testing", "gates"): [0]}


def test_many_problems_are_counted_and_a_console_gets_all_of_forty() -> None:
    columns = "".join(f"    c{number}: {{kind: nmber}}\n" for number in range(60))
    with pytest.raises(PlanError) as caught:
        parse_plan(PLAN.replace("    rooms:", f"{columns}    rooms:"))
    assert len(caught.value.problems) == 60
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 40 + 1
    assert lines[-1].strip() == "and 20 more"
    assert len(str(caught.value.to_dict()["message"])) <= 2_000


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in items for place in places(inner, (*at, key)))]


PLACES = [place for place in places(yaml.safe_load(PLAN)) if place]


@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4))
def test_any_value_anywhere_is_a_plan_or_a_plan_error(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    raw = yaml.safe_load(PLAN)
    for place, junk in changes:
        home = raw
        for part in place[:-1]:
            home = home[part] if isinstance(home, dict) and part in home else home
        if isinstance(home, dict):
            home[place[-1]] = junk
    try:
        assert isinstance(parse_plan(yaml.safe_dump(raw)), Plan)
    except PlanError as error:
        assert error.problems
