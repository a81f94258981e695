"""LightGBM's text, read and joined, against what LightGBM itself says of its model."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.training.trees.text import CATEGORICAL, DEFAULT_LEFT, MISSING_NAN, Tree, join_text, tree_blocks


def grown(task: Task, **params: Any) -> tuple[lightgbm.Booster, np.ndarray[Any, Any]]:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(600, 4))
    matrix[:, 3] = random.integers(0, 70, 600)
    matrix[::5, 1] = np.nan
    target = (
        (matrix[:, 0] > 0) * 1 + 3 * (matrix[:, 3] % 3 == 0) + np.nan_to_num(matrix[:, 1]) * (task is Task.REGRESSION)
    )
    objective = {Task.BINARY: "binary", Task.MULTICLASS: "multiclass", Task.REGRESSION: "regression"}[task]
    target = target if task is Task.REGRESSION else np.minimum(target, 1 if task is Task.BINARY else 2)
    params = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_per_group": 1, **params}
    params |= {"num_class": 3} if task is Task.MULTICLASS else {}
    data = lightgbm.Dataset(matrix, target, categorical_feature=[3], params=params)
    return lightgbm.train(params, data, num_boost_round=8), matrix


@pytest.mark.parametrize("task", list(Task))
def test_a_model_of_the_same_trees_predicts_the_same(task: Task) -> None:
    booster, matrix = grown(task)
    blocks = tree_blocks(booster.model_to_string())
    text = join_text(blocks, task, 3 if task is Task.MULTICLASS else 2, 4)
    again = lightgbm.Booster(model_str=text)
    np.testing.assert_array_equal(again.predict(matrix), booster.predict(matrix))
    assert tree_blocks(again.model_to_string()) == blocks
    assert tree_blocks(text) == blocks


def test_a_tree_is_read_as_lightgbm_describes_it() -> None:
    booster, _ = grown(Task.REGRESSION)
    seen = set()
    for block, dumped in zip(tree_blocks(booster.model_to_string()), booster.dump_model()["tree_info"], strict=True):
        tree = Tree.of(block)
        nodes = [dumped["tree_structure"]]
        while nodes:
            node = nodes.pop()
            if "leaf_index" in node:
                assert tree.leaves[node["leaf_index"]] == node["leaf_value"]
                continue
            nodes += [node["left_child"], node["right_child"]]
            index = node["split_index"]
            decision = int(tree.decision[index])
            seen.add((node["decision_type"], node["missing_type"]))
            assert tree.feature[index] == node["split_feature"]
            assert bool(decision & DEFAULT_LEFT) == node["default_left"]
            assert (decision >> 2 == MISSING_NAN) == (node["missing_type"] == "NaN")
            if decision & CATEGORICAL:
                assert set(tree.sets[int(tree.threshold[index])]) == set(map(int, node["threshold"].split("||")))
            else:
                assert tree.threshold[index] == node["threshold"]
    assert {("<=", "None"), ("<=", "NaN")} < seen and any(kind == "==" for kind, _ in seen)


@pytest.mark.parametrize("params", [{"zero_as_missing": True}, {"linear_tree": True}])
def test_another_model_under_the_same_text_is_refused(params: dict[str, Any]) -> None:
    booster, _ = grown(Task.REGRESSION, **params)
    with pytest.raises(TrainingError) as caught:
        [Tree.of(block) for block in tree_blocks(booster.model_to_string())]
    assert caught.value.code == "not_exportable"
