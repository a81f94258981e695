import inspect
import json

import pytest

from sevenfold.contracts import errors
from sevenfold.contracts.errors import (
    DataError,
    GateRefused,
    InputError,
    MissingExtraError,
    PlanError,
    Problem,
    SevenfoldError,
    TemporaryError,
)

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", TREE)
def test_the_drawn_tree_is_the_tree(kind: type) -> None:
    assert kind is SevenfoldError or issubclass(kind, SevenfoldError)
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__name__ in errors.__all__


def test_an_error_tells_rule_and_remedy() -> None:
    error = DataError("no_rows", "A table has rows, but got none.", remedy="Add some.")
    assert str(error) == "A table has rows, but got none. Add some."
    document = json.loads(error.to_json())
    assert document == {
        "code": "no_rows",
        "message": "A table has rows, but got none.",
        "remedy": "Add some.",
        "kind": "DataError",
        "cause": "",
        "retryable": False,
        "exit_status": 2,
    }
    assert "\n" not in error.to_json()


def test_the_cause_is_told() -> None:
    error = SevenfoldError("x", "y")
    error.__cause__ = OSError("disk")
    assert json.loads(error.to_json())["cause"] == "OSError('disk')"


def test_texts_have_a_limit() -> None:
    error = SevenfoldError("x", "m" * 10_000, remedy="r" * 10_000)
    error.__cause__ = ValueError("c" * 10_000)
    assert len(error.to_json()) < 6_500


def test_only_a_passing_fault_may_be_tried_again() -> None:
    assert [kind for kind in TREE if kind.retryable] == [TemporaryError]
    assert GateRefused("worse", "m").exit_status == 3


def test_a_plan_tells_every_problem_in_order() -> None:
    later = Problem(9, "b", "must be positive", "-1", "Write 1.")
    first = Problem(2, "a", "is required", "nothing", "Add it.")
    error = PlanError([later, first], path="my.yaml")
    assert error.problems == (first, later)
    assert str(error).splitlines() == [
        "my.yaml: 2 problems",
        "  line 2: a: is required, but got nothing. Add it.",
        "  line 9: b: must be positive, but got -1. Write 1.",
    ]
    assert str(PlanError([first])).startswith("plan.yaml: 1 problem\n")


def test_a_rule_of_several_lines_is_set_in() -> None:
    error = PlanError([Problem(2, "refine.recipe", "has 2 steps that cannot be replayed:\n- one\n- two", "", "Mend.")])
    assert str(error).splitlines()[2:] == ["    - one", "    - two Mend."]


def test_an_input_error_names_its_field() -> None:
    assert InputError("wrong_type", "m", field="age").field == "age"


def test_a_missing_package_comes_with_the_command() -> None:
    error = MissingExtraError("torch", "train")
    assert "pip install 'sevenfold[train]'" in error.remedy
