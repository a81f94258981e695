from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from sevenfold.contracts.errors import PlanError
from sevenfold.contracts.schema import Task
from sevenfold.pipelines.settings import stage_settings
from sevenfold.plan import Plan, TestingSection, parse_plan
from sevenfold.plan.costs import Costs
from sevenfold.plan.threshold import threshold_rule

COSTS = {"false_positive": 1, "false_negative": 10}
TASKS = {"binary": "{kind: category, role: target}", "multiclass": "{kind: category, role: target}"}


def plan_of(testing: str, task: str = "binary") -> Plan:
    return parse_plan(
        f"version: 1\nname: demo\ndata:\n  source: t.csv\n  target: y\n  task: {task}\n"
        f"  columns: {{y: {TASKS[task]}, x: {{kind: number}}}}\ntesting: {testing}\n"
    )


def gate(metric: str, limit: float) -> dict[str, Any]:
    return {"metric": metric, "at_least": limit}


@pytest.mark.parametrize(
    ("testing", "value", "by", "least"),
    [
        ({}, 0.5, "", {}),  # a plan of before
        ({"threshold": 0.3}, 0.3, "", {}),
        ({"threshold": 0.3, "costs": COSTS}, 0.3, "", {}),
        ({"costs": COSTS}, None, "costs", {}),
        ({"threshold": "auto"}, None, "", {}),
        ({"threshold": "auto", "costs": COSTS, "metric": "f1"}, None, "costs", {}),
        ({"threshold": "auto", "metric": "roc_auc"}, None, "", {}),
        ({"threshold": "auto", "metric": "accuracy"}, None, "accuracy", {}),
        ({"threshold": "auto", "metric": "accuracy", "gates": [gate("f1", 0.2)]}, None, "f1", {}),
        ({"threshold": "auto", "gates": [gate("recall", 0.6)]}, None, "f1", {"recall": 0.6}),
        (
            {"threshold": "auto", "gates": [gate("recall", 0.6), gate("balanced_accuracy", 0.6)]},
            None,
            "balanced_accuracy",
            {"recall": 0.6},
        ),
    ],
)
def test_what_a_plan_chooses_the_threshold_by(
    testing: dict[str, Any], value: float | None, by: str, least: dict[str, float]
) -> None:
    rule = threshold_rule(TestingSection.model_validate(testing), Task.BINARY)
    assert rule is not None
    assert (rule.value, rule.by, rule.least) == (value, by, least)
    assert threshold_rule(TestingSection.model_validate(testing), Task.MULTICLASS) is None


def test_training_learns_of_costs_and_of_no_other_gate() -> None:
    def settings(testing: str) -> str:
        return stage_settings(plan_of(testing))["train_model"]

    cheap = settings("{costs: {false_positive: 1, false_negative: 5}}")
    assert cheap != settings("{costs: {false_positive: 1, false_negative: 50}}")
    auto = settings("{threshold: auto}")
    assert auto == settings("{threshold: auto, gates: [{metric: roc_auc, at_least: 0.6}], margin: 0.01}")
    assert auto != settings("{threshold: auto, gates: [{metric: f1, at_least: 0.6}]}")
    multiclass = stage_settings(plan_of("{}", "multiclass"))["train_model"]
    assert "threshold" not in multiclass


@pytest.mark.parametrize(
    ("testing", "threshold"),
    [
        ("{}", None),
        ("{metric: f1}", None),
        ("{metric: roc_auc, threshold: 0.3}", None),
        ("{metric: f1, threshold: 0.3}", {"value": 0.3}),
        ("{metric: accuracy, threshold: auto}", {"by": "accuracy"}),
        ("{metric: recall, costs: {false_positive: 1, false_negative: 5}}", {"by": "costs"}),
    ],
)
def test_tuning_learns_of_the_threshold_where_its_metric_depends_on_it(
    testing: str, threshold: dict[str, Any] | None
) -> None:
    given = json.loads(stage_settings(plan_of(testing))["tune_model"])
    assert ("threshold" in given) == (threshold is not None)
    assert (threshold or {}).items() <= given.get("threshold", {}).items()


@pytest.mark.parametrize(
    ("testing", "key"),
    [("{costs: {false_positive: 1, false_negative: 2}}", "testing.costs"), ("{threshold: auto}", "testing.threshold")],
)
def test_more_than_two_classes_have_neither_costs_nor_a_threshold(testing: str, key: str) -> None:
    with pytest.raises(PlanError, match="binary") as refused:
        plan_of(testing, "multiclass")
    assert key in str(refused.value)


@pytest.mark.parametrize("threshold", ["automatic", "1.5", "-0.1", "[0.5]", "true", ".nan"])
def test_another_threshold_is_refused(threshold: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan_of(f"{{threshold: {threshold}}}")
    assert "1 problem" in str(refused.value)
    assert "testing.threshold: must be a number from 0 to 1, or auto" in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"false_positive": 0},
        {"false_negative": -1},
        {"true_positive": 10},
        {"true_negative": 1.5},
        {"false_positive": float("nan")},
    ],
)
def test_a_wrong_decision_costs_more_than_the_right_one(changes: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Costs.model_validate(COSTS | changes)


def test_gains_are_negative_costs() -> None:
    costs = Costs(false_positive=1, false_negative=0, true_positive=-9)
    assert costs.calibrated_threshold == pytest.approx(0.1)
