"""Rules about merged and left out classes: each label has one fate."""

from __future__ import annotations

from typing import Any

import pytest

from sevenfold.plan.class_rules import class_breaches
from sevenfold.plan.data import DataSection


def breaches(task: str = "multiclass", **settings: Any) -> list[str]:
    columns = {"x": {"kind": "number"}, "y": {"kind": "category", "role": "target"}}
    data = DataSection.model_validate({"source": "t.csv", "target": "y", "task": task, "columns": columns, **settings})
    return [".".join(breach[0]) for breach in class_breaches(data)]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"task": "regression", "merged_classes": {"other": ["a"]}}, "data.merged_classes"),
        ({"task": "regression", "left_out_classes": ["a"]}, "data.left_out_classes"),
        ({"merged_classes": {"other": []}}, "data.merged_classes.other"),
        ({"merged_classes": {" ": ["a"]}}, "data.merged_classes. "),
        ({"merged_classes": {"one": ["a"], "two": ["b", "a"]}}, "data.merged_classes.two"),
        ({"merged_classes": {"other": ["a"]}, "left_out_classes": ["b", "a"]}, "data.left_out_classes"),
        ({"merged_classes": {"other": ["a"]}, "left_out_classes": ["other"]}, "data.merged_classes.other"),
    ],
)
def test_a_broken_rule_names_its_key(settings: dict[str, Any], key: str) -> None:
    assert breaches(**settings) == [key]


def test_good_choices_break_none() -> None:
    assert breaches() == []
    assert breaches(merged_classes={"other": ["a", "b", "other"], "7": [8, 9]}, left_out_classes=["c", 3]) == []
    assert breaches("binary", merged_classes={"no": ["never", "rarely"]}) == []
