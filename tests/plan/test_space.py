"""The settings that tuning searches: steps and conditions."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sevenfold.plan.plan import Plan
from sevenfold.plan.rules import breaches
from sevenfold.plan.tuning import Dimension

OPTIMIZER: dict[str, Any] = {"choices": ["sgd", "adam"]}
WIDTH: dict[str, Any] = {"choices": [1, 2]}


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({"low": 0, "high": 0.3, "step": 0.1}, 4),
        ({"low": 8, "high": 64, "step": 8, "integer": True}, 8),
        ({"low": 1.5, "high": 4.5, "integer": True}, 3),
        ({"choices": ["a", "b"]}, 2),
        ({"low": 0, "high": 1}, None),
        ({"low": 1, "high": 100, "log": True, "integer": True}, 100),
    ],
)
def test_how_many_values_a_setting_has(given: dict[str, Any], points: int | None) -> None:
    assert Dimension.model_validate(given).points == points


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"low": 0, "high": 1, "step": 0.3}, "a whole number of steps above `low`, as 0.9 or 1.2"),
        ({"low": 1, "high": 8, "step": 1, "log": True}, "`step` and `log` exclude each other"),
        ({"low": 1, "high": 8, "step": 3.5, "integer": True}, "must be whole numbers"),
        ({"low": 0.5, "high": 2.5, "step": 1, "integer": True}, "must be whole numbers"),
        ({"choices": [1, 2], "step": 1}, "belongs to `low` and `high`"),
        ({"low": 0, "high": 1, "step": 0}, "greater than 0"),
        ({"low": 0, "high": 1, "when": {"optimizer": "sgd"}}, "tuple"),
    ],
)
def test_steps_and_conditions_that_mean_nothing_are_refused(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        Dimension.model_validate(given)


def found(plan: Plan, space: dict[str, Any], model: str = "network") -> list[tuple[str, str, str]]:
    changed = plan.model_copy(
        update={
            "training": plan.training.replaced(model=model),
            "tuning": plan.tuning.replaced(space={name: dict(given) for name, given in space.items()}),
        }
    )
    return [(".".join(key), rule, remedy) for key, rule, _, remedy in breaches(changed) if key[0] == "tuning"]


@pytest.mark.parametrize(
    ("when", "rule", "remedy"),
    [
        ({"optimiser": ["sgd"]}, "must name a setting of tuning.space", "Did you mean 'optimizer'?"),
        ({"rate": [0.5]}, "must name a setting with choices", "Write its values as choices, or remove the condition."),
        ({"optimizer": ["sdg"]}, "must list choices of that setting", "They are 'sgd', 'adam'."),
        ({"width": [True]}, "must list choices of that setting", "They are 1, 2."),
        ({"width": []}, "must list at least one value", "Values are 1, 2."),
    ],
)
def test_a_condition_names_a_setting_and_values_that_it_can_have(
    plan: Plan, when: dict[str, Any], rule: str, remedy: str
) -> None:
    rate = {"low": 0, "high": 1}
    space = {"optimizer": OPTIMIZER, "width": WIDTH, "rate": rate, "momentum": {"low": 0, "high": 1, "when": when}}
    assert found(plan, space) == [(f"tuning.space.momentum.when.{next(iter(when))}", rule, remedy)]


def test_conditions_in_a_circle_are_refused_once(plan: Plan) -> None:
    space = {"a": {**WIDTH, "when": {"b": [1]}}, "b": {**WIDTH, "when": {"a": [2]}}}
    ((key, rule, _),) = found(plan, space)
    assert (key, rule.split(",")[0]) == ("tuning.space.a.when", "must not depend on the setting itself")
    ((key, _, _),) = found(plan, {"a": {**WIDTH, "when": {"a": [1]}}})
    assert key == "tuning.space.a.when"


def test_a_chain_of_conditions_holds(plan: Plan) -> None:
    space = {"a": WIDTH, "b": {**WIDTH, "when": {"a": [1]}}, "c": {"low": 0, "high": 1, "when": {"b": [2], "a": [1]}}}
    assert found(plan, space) == []


def test_a_condition_stays_within_its_kind_of_model(plan: Plan) -> None:
    rate = {"low": 0, "high": 1, "when": {"network.optimizer": ["sgd"]}}
    ((key, rule, _),) = found(plan, {"network.optimizer": OPTIMIZER, "trees.rate": rate}, model="auto")
    assert key == "tuning.space.trees.rate.when.network.optimizer"
    assert rule == "must name a setting of the same kind of model"


@pytest.mark.parametrize(
    ("tuning", "keys"),
    [
        ({"latency": {"limit_ms": 2}}, ["tuning.latency"]),
        ({"latency": {"limit_ms": 2}, "pruner": "none"}, []),
        ({"latency": {"limit_ms": 2}, "pruner": "none", "sampler": "cmaes"}, ["tuning.latency"]),
        ({"latency": {"rows": 2}}, ["tuning.latency.limit_ms"]),
        ({"processes": 2}, []),
        ({"processes": 2, "engine": "ray"}, ["tuning.processes"]),
    ],
)
def test_what_a_search_could_not_do_is_refused(plan: Plan, tuning: dict[str, Any], keys: list[str]) -> None:
    changed = plan.model_copy(update={"tuning": plan.tuning.replaced(**tuning)})
    assert [".".join(key) for key, *_ in breaches(changed) if key[0] == "tuning"] == keys


def test_plans_of_before_steps_and_conditions_keep_their_digest(plan: Plan) -> None:
    def digest(given: dict[str, Any]) -> str:
        return plan.model_copy(update={"tuning": plan.tuning.replaced(space={"width": given})}).model_digest

    written = digest({"low": 0, "high": 1, "step": None, "when": {}})
    assert written == digest({"low": 0, "high": 1})
    assert written != digest({"low": 0, "high": 1, "step": 0.5})
