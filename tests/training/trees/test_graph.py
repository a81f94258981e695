"""Single rules of LightGBM's trees in `model.onnx`: missing values, values next to zero, trees without a split."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import onnx
import onnxruntime
import pytest

from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.transform import CategoryFeature, NumberFeature, Target, Transform
from sevenfold.training.trees.graph import trees_bytes
from sevenfold.training.trees.model import FittedTrees
from sevenfold.training.trees.text import tree_blocks

INPUTS = {"x": Column(kind=Kind.NUMBER), "c": Column(kind=Kind.CATEGORY)}
TRANSFORM = Transform(
    features=(NumberFeature(name="x"), CategoryFeature(name="c", levels=("a", "b", "d"))), target=Target()
)
CODES = {"": np.nan, "a": 2.0, "b": 3.0, "d": 4.0}


def both(x: Any, c: Any, target: Any, asked: list[tuple[float, str]], **params: Any) -> tuple[Any, Any]:
    """What LightGBM and the file predict where it was trained on `x` and `c`."""
    matrix = np.column_stack([np.array(x, dtype=float), [CODES[text] for text in c]])
    params = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "min_data_per_group": 5, **params}
    data = lightgbm.Dataset(matrix, np.array(target), categorical_feature=[1], params=params)
    booster = lightgbm.train({"objective": "regression", **params}, data, num_boost_round=5)
    model = trees_bytes(tree_blocks(booster.model_to_string()), TRANSFORM, INPUTS)
    session = onnxruntime.InferenceSession(model)
    numbers, texts = zip(*asked, strict=True)
    feeds = {"x": np.array(numbers, dtype=float), "c": np.array(texts, dtype=object)}
    codes = [CODES.get(text, 1.0) for text in texts]
    return booster.predict(np.column_stack([feeds["x"], codes])), session.run(None, feeds)[0]


def test_a_missing_value_where_training_had_none_counts_as_zero() -> None:
    x = np.linspace(-1, 1, 200)
    expected, given = both(x, ["a"] * 200, x > -0.5, [(np.nan, "a"), (0.0, "a"), (-0.9, "a")])
    np.testing.assert_array_equal(given, expected)
    assert given[0] == given[1] != given[2]


@pytest.mark.parametrize("low", [True, False])
def test_a_missing_value_goes_where_training_had_it(low: bool) -> None:
    x = np.linspace(-1, 1, 300)
    x[::3] = np.nan
    target = np.where(np.isnan(x), low, x < 0)
    expected, given = both(x, ["a"] * 300, target, [(np.nan, "a"), (-0.9, "a"), (0.9, "a")])
    np.testing.assert_array_equal(given, expected)
    assert (given[0] == given[1]) == low


def test_values_next_to_zero_are_zero() -> None:
    tiny = float(np.float32(1e-35))
    x = np.repeat([-1.0, 0.0, 1.0], 100)
    near = [side * value for value in (0.0, tiny, 1e-36, np.nextafter(tiny, 1), 2e-35) for side in (-1, 1)]
    for target in (x < 0, x > 0, x == 0):
        expected, given = both(x, ["a"] * 300, target, [(value, "a") for value in near])
        np.testing.assert_array_equal(given, expected)


def test_unknown_and_missing_categories_go_where_lightgbm_sends_them() -> None:
    c = ["a", "b", "d", ""] * 100
    target = np.array([{"a": 1.0, "b": 2.0, "d": 4.0, "": 7.0}[text] for text in c])
    for levels in (1, 8):
        asked = [(0.0, text) for text in ("a", "b", "d", "", "never seen", "A", "a ")]
        expected, given = both(np.zeros(400), c, target, asked, max_cat_to_onehot=levels)
        np.testing.assert_array_equal(given, expected)
        assert len(set(given[:3])) == 3 and len(set(given[3:])) == 1


def test_a_model_without_a_split_is_a_constant() -> None:
    expected, given = both(np.zeros(50), ["a"] * 50, np.arange(50), [(3.0, "b"), (np.nan, "")])
    np.testing.assert_array_equal(given, expected)
    assert given == pytest.approx(24.5)


def test_equal_trees_give_equal_bytes_and_a_valid_file(wild_trees: FittedTrees) -> None:
    data = wild_trees.rows.data
    model = wild_trees.onnx_bytes(data)
    assert model == wild_trees.onnx_bytes(data)
    onnx.checker.check_model(onnx.ModelProto.FromString(model), full_check=True)
